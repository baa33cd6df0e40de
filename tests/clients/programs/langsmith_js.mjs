// LangSmith's JavaScript client: traceable functions, wrapped OpenAI, feedback, and reading back.
import { Client } from "langsmith";
import { getCurrentRunTree, traceable } from "langsmith/traceable";
import { wrapOpenAI } from "langsmith/wrappers";
import OpenAI from "openai";

process.removeAllListeners("warning");
process.on("warning", () => {});
const client = new Client({ webUrl: process.env.CONSOLE });
const model = wrapOpenAI(new OpenAI({ maxRetries: 0 }), { client });
const messages = [{ role: "user", content: "What colour is the sky?" }];
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } }];
let root;

const answer = traceable(
  async (question) => {
    root = getCurrentRunTree().id;
    const said = await model.chat.completions.create({ model: "gpt-4o-mini", messages });
    await model.chat.completions.create({ model: "gpt-4o-mini", messages, tools });
    const stream = await model.chat.completions.create({
      model: "gpt-4o-mini", messages, stream: true, stream_options: { include_usage: true },
    });
    for await (const chunk of stream) void chunk;
    try {
      await model.chat.completions.create({ model: "fail-model", messages });
    } catch (error) {
      void error;
    }
    return said.choices[0].message.content;
  },
  { name: "answer", client, tags: ["js"], metadata: { user_id: "user-3", thread_id: "thread-3" } },
);

await answer("What colour is the sky?");
await client.flush();
await client.awaitPendingTraceBatches();
const feedback = await client.createFeedback(root, "helpful", { score: 0.25 });
await client.updateFeedback(feedback.id, { score: 0.5, comment: "better" });
const read = await client.readRun(root, { loadChildRuns: true });
const project = await client.readProject({ projectName: process.env.LANGSMITH_PROJECT });
const failed = [];
for await (const run of client.listRuns({ projectId: project.id, error: true })) failed.push(run.name);
const said = [];
for await (const one of client.listFeedback({ runIds: [root] })) said.push([one.key, one.score, one.comment]);
const link = await client.createPresignedFeedbackToken(root, "thumbs");
const opened = await fetch(`${link.url}?score=1`);
const retrieved = await client.runs.retrieve(root, { project_id: project.id, start_time: read.start_time });
console.log(JSON.stringify({
  root, children: read.child_runs.map((run) => run.name), tokens: read.total_tokens, tags: read.tags, failed, feedback: said,
  opened: opened.status, retrieved: retrieved.name, url: await client.getRunUrl({ runId: root }),
}));
