// What a program does with the credentials that the pages give out.

import { setTimeout as sleep } from "node:timers/promises";

export function makeProgram(base) {
  async function trade(clientId, clientSecret) {
    const body = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${base}/api/v1/applications/token`, { method: "POST", headers, body });
    return { status: answer.status, ...(await answer.json()) };
  }

  async function workspaces(token) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${base}/api/public/v1/workspaces`, { headers });
    return { status: answer.status, body: await answer.json() };
  }

  // True as soon as the answer is 401, false when it is still another after a second.
  async function refusedWithinASecond(token) {
    const limit = Date.now() + 1000;
    for (;;) {
      if ((await workspaces(token)).status === 401) return true;
      if (Date.now() > limit) return false;
      await sleep(50);
    }
  }

  return { trade, workspaces, refusedWithinASecond };
}
