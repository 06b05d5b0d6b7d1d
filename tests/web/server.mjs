// Starts the server that is to be walked: its own data directory, a free port on the loopback, nothing
// of the environment but the path. Stops it by its own process id.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

async function freePort() {
  const probe = createServer();
  await new Promise((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export async function startServer(binary, { logFile, email, password, environment = {} }) {
  const directory = await mkdtemp(join(tmpdir(), "ferrobyte-walk-"));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const child = spawn(binary, ["serve"], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      FERROBYTE_LISTEN: `127.0.0.1:${port}`,
      FERROBYTE_DATA_DIR: join(directory, "data"),
      FERROBYTE_ADMIN_EMAIL: email,
      FERROBYTE_ADMIN_PASSWORD: password,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let over = null;
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve((over = error.message)));
    child.once("exit", (code, signal) => resolve((over = `it ended with ${signal ?? `code ${code}`}`)));
  });

  // Answers how the server had ended before, if it had.
  const stop = async () => {
    const before = over;
    if (over === null) {
      child.kill("SIGTERM");
      const patience = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(patience);
    }
    await rm(directory, { recursive: true, force: true });
    return before;
  };

  for (const limit = Date.now() + 30_000; ; await sleep(50)) {
    if (over !== null || Date.now() > limit) {
      const why = over ?? "it was not ready within 30 seconds";
      await stop();
      throw new Error(`the server ${binary} did not start: ${why}\n${await readFile(logFile, "utf8")}`);
    }
    const answer = await fetch(`${base}/health/ready`).catch(() => null);
    if (answer?.ok) break;
  }
  return { base, stop };
}
