#!/usr/bin/env bash
# Makes the base model from its sources, in one go: corpus, tokenizer, pretraining. About an hour and a half on two cores.
#
#   models/attune-base/make.sh DATASETS [OUT]
#
# DATASETS holds public-domain-stories/stories.jsonl.xz and openstax-text/openstax.jsonl.xz (README.md says where they
# come from). OUT is the folder to fill (default out/attune-base). BOOKS=FOLDER adds a folder of Markdown books.
# ATTUNE names the program (default build/release/attune), TOKENS how many tokens to train on (default 20 million).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
datasets=${1:?usage: models/attune-base/make.sh DATASETS [OUT]}
out=${2:-$root/out/attune-base}
attune=${ATTUNE:-$root/build/release/attune}
work=$out/work
mkdir -p "$work"

echo "1/3 corpus"
python3 "$root/tools/corpus/tasks.py" --seed 1 --megabytes 70 --out "$work/tasks.jsonl"
python3 "$root/tools/corpus/corpus.py" --seed 1 --megabytes 24 --out "$work/books.jsonl" \
  --stories "$datasets/public-domain-stories/stories.jsonl.xz" \
  --openstax "$datasets/openstax-text/openstax.jsonl.xz" ${BOOKS:+--books "$BOOKS"}
python3 "$root/tools/corpus/sample.py" --tasks "$work/tasks.jsonl" --books "$work/books.jsonl" --megabytes 12 \
  --out "$work/sample.txt"

echo "2/3 tokenizer"
"$attune" tokenizer train "$work/sample.txt" --vocab 4096 --out "$work/tokenizer" --eos '<|endoftext|>' \
  --special '<|endoftext|>' '<|im_start|>' '<|im_end|>' \
  '<|reserved_0|>' '<|reserved_1|>' '<|reserved_2|>' '<|reserved_3|>' '<|reserved_4|>' \
  --chat-template "$here/chat_template.jinja"

echo "3/3 pretraining"
"$attune" pretrain "$work/tasks.jsonl=0.9" "$work/books.jsonl=0.1" --config "$here/config.json" --copying-heads \
  --tokenizer "$work/tokenizer" --tokens "${TOKENS:-20000000}" --context 1536 --learning-rate 0.0015 --documents-per-step 24 \
  --floor-ratio 0.02 --prompt-weight 0.1 --schedule cosine --dtype bf16 --eval-every 400 --seed 1 \
  --work "$work/training" --out "$out"
cp "$here/generation_config.json" "$here/chat_template.jinja" "$out/"
