/* Its wrapper of OpenAI's client sends every call. */

import { Client } from "langsmith";
import { wrapOpenAI } from "langsmith/wrappers";
import OpenAI from "openai";

const langsmith = new Client();
const client = wrapOpenAI(new OpenAI(), { client: langsmith });

// The application as it was.
import { traceable } from "langsmith/traceable";

const messages = [
  { role: "system", content: "You answer briefly." },
  { role: "user", content: "What colour is the sky?" },
];
const metadata = { user_id: "user-1", session_id: "session-1", feature: "search" };
await traceable(
  async () => {
    await client.chat.completions.create({ model: "gpt-4o-mini", messages });
    const streamed = await client.chat.completions.create({
      model: "gpt-4o-mini",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of streamed) {
      void chunk;
    }
    await client.chat.completions.create({ model: "fail-model", messages }).catch(() => undefined);
  },
  { name: "answer", client: langsmith, metadata, tags: ["beta"] },
)();
await langsmith.awaitPendingTraceBatches();
