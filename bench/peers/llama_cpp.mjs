// Prompt processing and generation of llama.cpp, as built into the npm package node-llama-cpp: one measurement, as JSON.
//
//   node bench/peers/llama_cpp.mjs PACKAGES MODEL.gguf PROMPT TOKENS REPEATS THREADS
//
// PACKAGES is the folder with node_modules. The model comes from make_gguf.py; the prompt's tokens are random.
import path from "node:path";
import {pathToFileURL} from "node:url";

const [packages, modelPath, ...numbers] = process.argv.slice(2);
const [promptLength, tokens, repeats, threads] = numbers.map(Number);
const {getLlama, LlamaLogLevel} = await import(
    pathToFileURL(path.resolve(packages, "node_modules/node-llama-cpp/dist/index.js")).href);

const median = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    const half = Math.floor(sorted.length / 2);
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

const llama = await getLlama({gpu: false, build: "never", maxThreads: threads, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({contextSize: promptLength + tokens + 8, batchSize: 512, threads});
const sequence = context.getSequence();
const prompt = Array.from({length: promptLength}, (_, i) => (i * 7919 + 13) % 4000);

const prefill = [], each = [];
for (let repeat = 0; repeat <= repeats; ++repeat) {  // the first is not counted
    await sequence.clearHistory();
    const start = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(0, -1));
    const afterPrompt = performance.now();
    let count = 0, first = 0;
    for await (const _ of sequence.evaluate(prompt.slice(-1), {temperature: 0})) {
        if (count === 0) first = performance.now();
        if (++count > tokens) break;
    }
    if (repeat === 0) continue;
    prefill.push((afterPrompt - start) / 1e3);
    each.push((performance.now() - first) / 1e3 / Math.max(1, count - 1));
}
console.log(JSON.stringify({
    program: "llama.cpp (node-llama-cpp)", model: path.basename(modelPath), threads,
    prefill_tokens_per_s: (promptLength - 1) / median(prefill), decode_tokens_per_s: 1 / median(each)}));
process.exit(0);
