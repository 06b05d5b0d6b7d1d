// What every journey has at hand: a window of the browser, and what a person does in it. Everything is
// found by its role and its name.

import { join } from "node:path";

import { audit } from "./audit.mjs";
import { check } from "./report.mjs";

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function makeStage({ page, base, output, openWindow, email, password }) {
  // `page` and `password` change on the way.
  const stage = { page, base, output, openWindow, email, password, secrets: [password], known: {} };

  stage.heading = (name) => stage.page.getByRole("heading", { level: 1, name });
  stage.link = (name) => stage.page.getByRole("link", { name, exact: true });
  stage.button = (name) => stage.page.getByRole("button", { name, exact: true });
  // A field by the words of its label, whether or not it says that it is required.
  stage.field = (name, within = stage.page) =>
    within.getByLabel(new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}( required)?$`));
  stage.row = (name) =>
    stage.page.getByRole("row").filter({ has: stage.page.getByRole("rowheader", { name }) });
  stage.path = () => new URL(stage.page.url()).pathname + new URL(stage.page.url()).search;

  stage.sees = async (name) => {
    await stage.heading(name).waitFor();
    check.equal(await stage.heading(name).count(), 1, `one heading ${name}`);
  };

  // A long page takes its time to draw where the machine has other work.
  stage.shoot = (name) =>
    stage.page.screenshot({ path: join(output, `${name}.png`), fullPage: true, timeout: 60_000 });

  // Every page that is looked at is also held against what must be true of all of them.
  stage.inspect = async (name) => {
    const { faults, texts } = await audit(stage.page);
    check.deepEqual(faults, [], `${name}: ${faults.join("; ")}`);
    check.ok(texts > 5, `${name}: hardly any text`);
    await stage.shoot(name);
  };

  stage.logIn = async (as = stage.email, word = stage.password) => {
    await stage.page.getByLabel("Email").fill(as);
    await stage.page.getByLabel("Password").fill(word);
    await stage.button("Log in").click();
  };

  stage.copied = async (name) => {
    await stage.page.evaluate(() => navigator.clipboard.writeText("nothing yet"));
    await stage.button(`Copy ${name}`).click();
    await stage.page.getByRole("status").filter({ hasText: "Copied to the clipboard" }).waitFor();
    return stage.page.evaluate(() => navigator.clipboard.readText());
  };

  return stage;
}
