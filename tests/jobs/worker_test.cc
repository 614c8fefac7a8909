// Jobs trained by real worker processes on a tiny model: to the end, killed, paused, cancelled, and
// with files that can't be trained on.
#include "jobs/worker.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "jobs/models.h"
#include "jobs/worker_fixture.h"
#include "model/model.h"

namespace attune::testing_support {
namespace {

class Worker : public WorkerTest {
 protected:
  static std::vector<std::int64_t> one_to(std::int64_t last) {
    std::vector<std::int64_t> steps(static_cast<std::size_t>(last));
    std::iota(steps.begin(), steps.end(), 1);
    return steps;
  }
  void check_told_once(const std::string& id, std::int64_t steps, std::int64_t epochs) {
    EXPECT_EQ(steps_told(id), one_to(steps));
    const auto all = events(id);
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].sequence, static_cast<std::int64_t>(i) + 1);
    }
    const auto checkpoints = must(store_->list_checkpoints({}, id, {.after = {}, .limit = 100}));
    EXPECT_EQ(std::ssize(checkpoints.items), epochs);
  }
};

TEST_F(Worker, TrainsAJobFromItsFilesToItsModel) {
  const std::string id = create_job({.validation_rows = 6});
  const JobRow done = run_to_the_end(id);
  ASSERT_EQ(done.job.status, JobStatus::succeeded)
      << (done.job.error ? done.job.error->message
                         : fmt::format("{}", fmt::join(messages(id), "\n")));
  EXPECT_GT(done.job.trained_tokens.value_or(0), 24 * 2 * 10);
  EXPECT_TRUE(done.job.finished_at);
  EXPECT_FALSE(done.job.estimated_finish);
  EXPECT_TRUE(done.worker.empty());
  EXPECT_EQ(done.job.hyperparameters.learning_rate_multiplier.value, 0.71);

  const std::string name = done.job.fine_tuned_model.value_or("");
  EXPECT_EQ(name, tuned_model_name("tiny", "org-local", "pets", id));
  const std::vector<std::string> told = messages(id);
  ASSERT_GE(told.size(), 5U);
  EXPECT_EQ(told[1], fmt::format("Validating training file: {} and validation file: {}",
                                 done.job.training_file, *done.job.validation_file));
  EXPECT_EQ(told[2], "Files validated, moving job to queued state");
  EXPECT_EQ(told[3], "Fine-tuning job started");
  EXPECT_TRUE(told[4].starts_with("Step 1/12: training loss=")) << told[4];
  EXPECT_EQ(told[told.size() - 3], "New fine-tuned model created: " + name);
  EXPECT_EQ(told.back(), "The job has successfully completed");
  check_told_once(id, 12, 2);
}

TEST_F(Worker, PublishesEveryEpochAsAModelThatLoads) {
  const std::string id = create_job({.validation_rows = 6});
  run_to_the_end(id);
  const auto checkpoints = must(store_->list_checkpoints({}, id, {.after = {}, .limit = 100}));
  ASSERT_EQ(checkpoints.items.size(), 2U);
  for (const wire::CheckpointObject& checkpoint : checkpoints.items) {
    const auto model = must(store_->find_model({}, checkpoint.fine_tuned_model_checkpoint));
    ASSERT_TRUE(model) << checkpoint.fine_tuned_model_checkpoint;
    EXPECT_EQ(model->base, "tiny");
    auto base =
        must(attune::model::Model::load(home_.models() / "tiny", attune::model::Precision::bf16));
    must(base.load_adapter(model->adapter));
    EXPECT_TRUE(checkpoint.metrics.train_loss);
    EXPECT_TRUE(checkpoint.metrics.valid_loss);
    EXPECT_TRUE(checkpoint.metrics.full_valid_loss);
  }
  EXPECT_EQ(checkpoints.items[0].step_number, 12);
  EXPECT_TRUE(checkpoints.items[0].fine_tuned_model_checkpoint.ends_with(":ckpt-step-12"));
}

TEST_F(Worker, WritesAResultFileWithARowForEveryStep) {
  const std::string id = create_job({.validation_rows = 6});
  const JobRow done = run_to_the_end(id);
  ASSERT_EQ(done.job.result_files.size(), 1U);
  const auto file = must(store_->find_file({}, done.job.result_files[0]));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->file.purpose, "fine-tune-results");
  const std::string csv = content_of(done.job.result_files[0]);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 13);
  EXPECT_TRUE(
      csv.starts_with("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"));
}

TEST_F(Worker, LearnsWhatTheRowsTeach) {
  const std::string id = create_job({.epochs = 12, .multiplier = 5});
  run_to_the_end(id);
  double first = 0, last = 0;
  for (const EventRow& event : events(id)) {
    if (event.event.type != "metrics") continue;
    last = event.event.data.value("train_loss", 0.0);
    if (first == 0) first = last;
  }
  EXPECT_LT(last, 0.95 * first);  // a random base has a random head, so it learns little
}

TEST_F(Worker, ContinuesFromAnEarlierModel) {
  const std::string first = create_job({});
  const std::string name = run_to_the_end(first).job.fine_tuned_model.value_or("");
  const std::string second = create_job({.model = name});
  const JobRow done = run_to_the_end(second);
  ASSERT_EQ(done.job.status, JobStatus::succeeded);
  EXPECT_EQ(*done.job.fine_tuned_model, tuned_model_name("tiny", "org-local", "pets", second));
  EXPECT_NE(adapter_of(first), adapter_of(second));
  const auto loss = [&](const std::string& id) {
    for (const EventRow& event : events(id)) {
      if (event.event.type == "metrics") return event.event.data.value("train_loss", 0.0);
    }
    return 0.0;
  };
  EXPECT_LT(loss(second), loss(first));
}

TEST_F(Worker, TrainsPromptAndCompletionPairs) {
  std::string rows;
  for (int i = 0; i < 12; ++i) {
    rows += to_text({{"prompt", fmt::format("number {}:", i)}, {"completion", " seen"}}) + "\n";
  }
  const JobRow done = run_to_the_end(create_job({.content = rows}));
  EXPECT_EQ(done.job.status, JobStatus::succeeded);
}

TEST_F(Worker, LeavesNothingForTheDoctorToFind) {
  const std::string id = create_job({});
  run_to_the_end(id);
  run_to_the_end(create_job({.rows = 7}));
  const Path out = folder_.path() / "report";
  const std::string command =
      fmt::format("ATTUNE_HOME='{}' ATTUNE_DATABASE_URL='{}' '{}' doctor --contents --json > '{}'",
                  home_.root.string(), url_, ATTUNE_BINARY, out.string());
  EXPECT_EQ(std::system(command.c_str()), 0) << slurp(out);
  const Json report = must(parse_json(slurp(out), "report"));
  EXPECT_EQ(report["jobs"], 2);
  EXPECT_TRUE(report["problems"].empty()) << to_text(report);
}

// ---- stopped and continued ----

// Kills `kills` workers at random moments, on as many jobs as it takes, and compares each with an
// undisturbed run.
class Killed : public Worker {
 protected:
  void check(int kills, std::int64_t epochs) {
    const JobWish wish{.validation_rows = 6, .epochs = epochs};
    const std::string whole = create_job(wish);
    const auto began = std::chrono::steady_clock::now();
    ASSERT_EQ(run_to_the_end(whole).job.status, JobStatus::succeeded);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();

    std::mt19937 random(7);
    // Three kills in the time of a whole run, or more.
    std::uniform_real_distribution<double> moment(0.0, seconds * 2 / std::max(3, kills));
    int done = 0;
    while (done < kills) {
      const std::string killed = create_job(wish);
      const JobRow row = run_to_the_end(killed, [&](Running& running) {
        if (done < kills && kill_within(running.process, moment(random))) ++done;
      });
      ASSERT_EQ(row.job.status, JobStatus::succeeded);
      EXPECT_EQ(adapter_of(killed), adapter_of(whole));
      check_told_once(killed, 6 * epochs, epochs);
      EXPECT_EQ(content_of(row.job.result_files[0]), content_of(job(whole).job.result_files[0]));
    }
  }

 private:
  static bool kill_within(WorkerProcess& process, double seconds) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < limit && !process.has_ended()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (process.has_ended()) return false;
    process.kill();
    return true;
  }
};

TEST_F(Killed, AtAFewRandomMomentsItEndsInTheSameBytes) { check(6, 10); }

// Run by the test worker_slow.
TEST_F(Killed, DISABLED_AtFiftyRandomMomentsItEndsInTheSameBytes) { check(50, 40); }

TEST_F(Worker, PausesAndResumesToTheSameBytes) {
  const JobWish wish{.epochs = 25};
  const std::string whole = create_job(wish);
  run_to_the_end(whole);
  const std::string id = create_job(wish);
  validate(id);
  std::optional<Running> running = start_next();
  ASSERT_TRUE(running);
  wait_for_event(id, "Step ");
  must(store_->request_pause({}, id));
  EXPECT_EQ(running->process.reap().kind, Ending::Kind::done);
  const JobRow paused = job(id);
  EXPECT_EQ(paused.job.status, JobStatus::paused);
  EXPECT_TRUE(paused.worker.empty());
  EXPECT_FALSE(start_next());
  must(store_->request_resume({}, id));
  ASSERT_EQ(run_to_the_end(id).job.status, JobStatus::succeeded);
  EXPECT_EQ(adapter_of(id), adapter_of(whole));
  check_told_once(id, 6 * 25, 25);
}

TEST_F(Worker, StopsWhenItsJobIsCancelled) {
  const std::string id = create_job({.epochs = 25});
  validate(id);
  std::optional<Running> running = start_next();
  ASSERT_TRUE(running);
  wait_for_event(id, "Checkpoint created at step 6 ");
  must(store_->request_cancel({}, id));
  EXPECT_EQ(running->process.reap().kind, Ending::Kind::done);
  const JobRow row = job(id);
  EXPECT_EQ(row.job.status, JobStatus::cancelled);
  EXPECT_TRUE(row.worker.empty());
  EXPECT_FALSE(row.job.fine_tuned_model);
  // What was published stays.
  EXPECT_TRUE(
      must(store_->find_model({}, checkpoint_model_name("tiny", "org-local", "pets", id, 6))));
  EXPECT_FALSE(std::filesystem::exists(home_.runs() / id / "training" / "checkpoints"));
}

TEST_F(Worker, GivesItsJobBackWhenItIsAskedToLeave) {
  const std::string id = create_job({.epochs = 25});
  leave_in_the_middle(id);
  const JobRow row = job(id);
  EXPECT_EQ(row.job.status, JobStatus::queued);
  EXPECT_EQ(row.losses, 0);
  EXPECT_EQ(run_to_the_end(id).job.status, JobStatus::succeeded);
}

// Another server, which holds its bases in another form, may take the job up.
TEST_F(Worker, GoesOnWithTheFormOfTheBaseThatTheJobBeganWith) {
  const JobWish wish{.epochs = 25};
  const std::string plain = create_job(wish);
  ASSERT_EQ(run_to_the_end(plain).job.status, JobStatus::succeeded);
  const std::vector<std::string> usual = worker_arguments_;
  worker_arguments_.insert(worker_arguments_.end(), {"--dtype", "nf4"});
  const std::string whole = create_job(wish);
  ASSERT_EQ(run_to_the_end(whole).job.status, JobStatus::succeeded);
  EXPECT_NE(adapter_of(whole), adapter_of(plain));

  const std::string id = create_job(wish);
  leave_in_the_middle(id);
  ASSERT_EQ(job(id).job.status, JobStatus::queued);
  worker_arguments_ = usual;
  ASSERT_EQ(run_to_the_end(id).job.status, JobStatus::succeeded);
  EXPECT_EQ(adapter_of(id), adapter_of(whole));
}

TEST_F(Worker, WritesNothingOnceItsLeaseIsLost) {
  const std::string id = create_job({.epochs = 25});
  validate(id);
  std::optional<Running> first = start_next();
  ASSERT_TRUE(first);
  wait_for_event(id, "Step ");
  must(store_->lose_worker(id, first->row.attempt, "for this test"));
  const std::size_t told = events(id).size();
  EXPECT_EQ(first->process.reap().kind, Ending::Kind::done);
  EXPECT_EQ(events(id).size(), told);
  EXPECT_EQ(job(id).job.status, JobStatus::queued);
  EXPECT_EQ(run_to_the_end(id).job.status, JobStatus::succeeded);
  check_told_once(id, 150, 25);
}

// ---- what can't be trained ----

TEST_F(Worker, FailsAJobWithTooFewExamplesInTheWordsOfTheHostedService) {
  const JobRow row = run_to_the_end(create_job({.rows = 7}));
  ASSERT_EQ(row.job.status, JobStatus::failed);
  ASSERT_TRUE(row.job.error);
  EXPECT_EQ(row.job.error->code, "invalid_n_examples");
  EXPECT_EQ(row.job.error->param, "training_file");
  EXPECT_EQ(row.job.error->message,
            "Training file has 7 example(s), but must have at least 10 examples");
}

TEST_F(Worker, NamesEveryBadLineInAnErrorFile) {
  std::string content = chat_rows(10);
  content += "{\"messages\":[{\"content\":\"no role\"}]}\n";
  content += "not json\n";
  const JobRow row = run_to_the_end(create_job({.content = content}));
  ASSERT_EQ(row.job.status, JobStatus::failed);
  EXPECT_EQ(row.job.error->code, "invalid_training_file");
  ASSERT_EQ(row.job.result_files.size(), 1U);
  const Json report = must(parse_json(content_of(row.job.result_files[0]), "errors"));
  EXPECT_EQ(report["file"], row.job.training_file);
  std::vector<std::int64_t> lines;
  for (const Json& fault : report["faults"]) lines.push_back(fault["line"]);
  EXPECT_NE(std::find(lines.begin(), lines.end(), 11), lines.end());
  EXPECT_NE(std::find(lines.begin(), lines.end(), 12), lines.end());
}

TEST_F(Worker, NamesTheRowsThatTheTemplateRefuses) {
  write_base("strict",
             "{%- if messages[0]['role'] != 'user' -%}{{ raise_exception('a user must begin') }}"
             "{%- endif -%}{%- for message in messages -%}{{ message['content'] }}<|im_end|>"
             "{%- endfor -%}");
  const JobRow row = run_to_the_end(create_job({.model = "strict"}));
  ASSERT_EQ(row.job.status, JobStatus::failed);
  EXPECT_EQ(row.job.error->code, "invalid_training_file");
  const Json report = must(parse_json(content_of(row.job.result_files[0]), "errors"));
  EXPECT_EQ(report["faults"].size(), 24U);
}

TEST_F(Worker, RefusesToTrainWhatItWouldNotServe) {
  write_base("two-faced", kTwoFacedTemplate);
  const std::string id = create_job({.model = "two-faced"});
  const JobRow row = run_to_the_end(id);
  ASSERT_EQ(row.job.status, JobStatus::failed);
  EXPECT_EQ(row.job.error->code, "train_serve_mismatch");
  EXPECT_TRUE(steps_told(id).empty());
  const Json details = events(id).back().event.data;
  EXPECT_TRUE(details.value("served_text", "").ends_with("assistant\nThink: ")) << to_text(details);
  EXPECT_TRUE(details.value("trained_text", "").ends_with("assistant\n"));
}

TEST_F(Worker, FailsAJobWhoseBaseIsGone) {
  const JobRow row = run_to_the_end(create_job({.model = "missing"}));
  ASSERT_EQ(row.job.status, JobStatus::failed);
  EXPECT_NE(row.job.error->message.find("no model \"missing\""), std::string::npos);
}

}  // namespace
}  // namespace attune::testing_support
