// Walks the pages of a real server in a real browser, as a person would: everything is found by its
// role and its name. Usage: node walk.mjs [path to the ferrobyte binary]

import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { openBrowser, restore } from "./browser.mjs";
import { applications } from "./journeys/applications.mjs";
import { connections } from "./journeys/connections.mjs";
import { connectors } from "./journeys/connectors.mjs";
import { forms } from "./journeys/forms.mjs";
import { groups } from "./journeys/groups.mjs";
import { people } from "./journeys/people.mjs";
import { sessions } from "./journeys/sessions.mjs";
import { waiting } from "./journeys/waiting.mjs";
import { workspaces } from "./journeys/workspaces.mjs";
import { check, walk } from "./report.mjs";
import { startServer } from "./server.mjs";
import { makeStage } from "./stage.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const binary = resolve(process.argv[2] ?? process.env.FERROBYTE_BINARY ?? join(root, "target/debug/ferrobyte"));
const output = join(root, "target/web");
const email = "ada@example.org";
const password = "correct-horse-battery";

if (!existsSync(binary)) {
  console.error(`there is no ${binary}; build it with: cargo build`);
  process.exit(2);
}
await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
const logFile = join(output, "server.log");
const database = process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {};
const server = await startServer(binary, { logFile, email, password, environment: database });
const { base } = server;
const { browser, heard, openWindow } = await openBrowser(base).catch(async (error) => {
  await server.stop();
  throw error;
});

const stage = makeStage({ page: await openWindow(), base, output, openWindow, email, password });

const steps = [
  ...applications(stage),
  ...connectors(stage),
  ...forms(stage),
  ...connections(stage),
  ...groups(stage),
  ...workspaces(stage),
  ...people(stage),
  ...waiting(stage, binary),
  ...sessions(stage, binary),

  ["nothing was asked of another host, and the console stayed silent", async () => {
    check.deepEqual(heard.troubles, []);
    check.ok(heard.requests > 100 && heard.pages > 50, `heard ${heard.requests} requests, ${heard.pages} pages`);
    check.equal(heard.assets.size, 3, [...heard.assets].join(" "));
  }],

  ["no secret is in the server's log", async () => {
    const log = await readFile(logFile, "utf8");
    check.ok(log.length > 100, "there is a log");
    check.ok(stage.secrets.length > 8, "there are secrets to look for");
    for (const secret of stage.secrets) check.ok(!log.includes(secret), "a secret is in the log");
  }],
];

let code = 1;
try {
  code = await walk(steps, {
    async afterStep() {
      check.deepEqual(heard.troubles, [], "heard while walking");
    },
    async onFailure(name) {
      heard.troubles.splice(0);
      await stage.shoot(`failed-${name.replace(/\W+/g, "-").slice(0, 60)}`);
      await restore(stage.page);
    },
  });
} finally {
  await browser.close();
  const end = await server.stop();
  console.log(`screenshots and the server's log: ${output}${end ? ` (the server was gone: ${end})` : ""}`);
  if (end) code = 1;
}
process.exit(code);
