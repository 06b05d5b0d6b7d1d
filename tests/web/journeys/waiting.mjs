// Pages that wait for a connector, on a server of its own: its container engine takes every call and
// never says a word, which the server notices after five seconds. A page waits three.

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openBrowser } from "../browser.mjs";
import { check } from "../report.mjs";
import { startServer } from "../server.mjs";
import { makeStage } from "../stage.mjs";

async function silentEngine() {
  const directory = await mkdtemp(join(tmpdir(), "ferrobyte-silence-"));
  const socket = join(directory, "engine.sock");
  const calls = new Set();
  const engine = createServer((call) => calls.add(call.on("error", () => {})));
  await new Promise((resolve, reject) => engine.once("error", reject).listen(socket, resolve));
  const stop = async () => {
    for (const call of calls) call.destroy();
    await new Promise((resolve) => engine.close(resolve));
    await rm(directory, { recursive: true, force: true });
  };
  return { socket, stop };
}

// A form for a database, filled in and sent by its button for testing.
async function testServer(at, whose) {
  await at.page.goto("/sources");
  if (at.path().startsWith("/login")) await at.logIn();
  await at.sees("Sources");
  await at.link("New source").click();
  await at.page.getByRole("link", { name: /^Microsoft SQL Server/ }).click();
  await at.sees("New source: Microsoft SQL Server (MSSQL)");
  for (const name of ["Host", "Database", "Username", "Password"]) await at.field(name).fill(`${whose} ${name}`);
  await at.field("Port").fill("1433");
  await at.button("Test").click();
  await at.sees("Testing…");
}

async function keptEverything(at, whose) {
  await at.sees("New source: Microsoft SQL Server (MSSQL)");
  for (const name of ["Host", "Database", "Username", "Password"]) {
    check.equal(await at.field(name).inputValue(), `${whose} ${name}`);
  }
}

export function waiting(stage, binary) {
  const { email, output } = stage;

  return [
    ["a test that takes long comes again by itself, and nothing that was written is lost", async () => {
      const engine = await silentEngine();
      const password = "waiting-for-godot";
      const server = await startServer(binary, {
        logFile: join(output, "server-waiting.log"), email, password,
        environment: { FERROBYTE_CONTAINER_HOST: `unix://${engine.socket}` },
      });
      const { browser, heard, openWindow } = await openBrowser(server.base);
      try {
        const at = makeStage({ page: await openWindow(), base: server.base, output, openWindow, email, password });
        await testServer(at, "ada's");
        await at.inspect("60-waiting");
        const told = at.page.getByRole("alert").filter({ hasText: "The test failed" });
        await told.waitFor({ timeout: 20_000 });
        check.match(await told.innerText(), /no container engine answers here/);
        await keptEverything(at, "ada's");

        await testServer(at, "grace's");
        await at.button("Go back").click();
        await keptEverything(at, "grace's");

        at.page = await openWindow({ javaScriptEnabled: false });
        await testServer(at, "lin's");
        await at.shoot("61-waiting-no-script");
        await at.page.waitForTimeout(3_000);
        await at.button("Look again").click();
        await at.page.getByRole("alert").filter({ hasText: "The test failed" }).waitFor();
        await keptEverything(at, "lin's");
        check.deepEqual(heard.troubles, []);
      } finally {
        await browser.close();
        check.equal(await server.stop(), null, "the server was there to the end");
        await engine.stop();
      }
    }],
  ];
}
