// Connections: the demo, one of one's own with chosen streams, its progress, its log, its end by hand, and
// the reason of a failure.

import { audit } from "../audit.mjs";
import { check } from "../report.mjs";
import { uuid } from "../stage.mjs";

export function connections(stage) {
  const { link, button, row, path, sees, shoot, inspect, copied, field, heading, known } = stage;
  const main = () => stage.page.locator("main");
  const home = () => `/workspaces/${known.workspace}`;
  const pages = [];

  // A source or destination, made by its form.
  async function makes(side, connector, name, fill) {
    await stage.page.goto(`${home()}/${side}/new-${side}?q=${connector}`);
    await stage.page.getByRole("list", { name: "Connectors" }).getByRole("link").first().click();
    await field("Name").fill(name);
    await fill();
    await button(`Create ${side}`).click();
    await sees(name);
  }

  // The page of a job in this end, however often it comes again.
  async function ends(word) {
    await heading(new RegExp(`${word}$`)).waitFor({ timeout: 60_000 });
  }

  async function chooses(source, destination) {
    await stage.page.goto(`${home()}/connections/new-connection`);
    await sees("New connection");
    for (const [side, name] of [["Source", source], ["Destination", destination]]) {
      const option = field(side).locator("option").filter({ hasText: name });
      await field(side).selectOption(await option.first().getAttribute("value"));
    }
    await button("Choose streams").click();
    await stage.page.getByRole("heading", { name: "Streams" }).waitFor();
  }

  return [
    ["the start page and an empty list say what to do first", async () => {
      await stage.page.goto("/");
      check.equal(await stage.page.getByRole("heading", { name: "Move data for the first time" }).count(), 1);
      await inspect("c60-home-first");
      await stage.page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Connections" }).click();
      await sees("Connections");
      check.equal(path(), `${home()}/connections`);
      check.equal(await stage.page.getByRole("heading", { name: "No connections yet" }).count(), 1);
      await inspect("c61-connections-none");
    }],

    ["one button makes a demo connection, and its sync succeeds", async () => {
      await button("Create a demo connection").click();
      await ends("Succeeded");
      known.demoJob = path().split("?")[0];
      check.match(await main().innerText(), /moved [\d,]+ rows, and all of them arrived/);
      for (const stream of ["users", "products", "purchases"]) check.equal(await row(stream).count(), 1, stream);
      check.match(await row("users").innerText(), /1,000/);
      await inspect("c62-demo-succeeded");
      await link("Demo").click();
      await sees("Demo");
      known.demo = path();
      check.match(await copied("ID"), uuid);
      await inspect("c63-demo");
      await stage.page.goto("/");
      check.equal(await button("Create a demo connection").count(), 0, "offered once");
    }],

    ["a connection needs two ends, streams and a schedule that can be kept to", async () => {
      await makes("source", "faker", "many people", async () => {
        await field("Users").fill("200000");
        await field("Seed").fill("1");
      });
      await makes("destination", "dev-null", "slow nothing", async () => {
        await stage.page.getByRole("radio", { name: /^Throttled/ }).check();
        await field("Milliseconds per record").fill("1");
      });
      await makes("destination", "dev-null", "broken nothing", async () => {
        await stage.page.getByRole("radio", { name: /^Failing/ }).check();
        await field("Records before the failure").fill("5");
      });
      await chooses("many people", "slow nothing");
      check.equal(await field("Name").inputValue(), "many people <> slow nothing");
      check.equal(await stage.page.getByRole("checkbox", { checked: true }).count(), 3, "all streams at first");
      await inspect("c64-form");
      await button("Choose none").click();
      check.equal(await stage.page.getByRole("checkbox", { checked: true }).count(), 0);
      check.equal(await field("Sync mode of users").isVisible(), false, "what is not chosen has no fields");
      await field("Name").fill("people, slowly");
      await button("Create connection").last().click();
      await stage.page.getByRole("alert").waitFor();
      check.match(await stage.page.getByRole("alert").innerText(), /Choose at least one stream/);
      check.equal(await field("Name").inputValue(), "people, slowly", "nothing is lost");
      await inspect("c65-form-refused");
      await stage.page.getByRole("checkbox", { name: /^users/ }).check();
      await field("Sync mode of users").selectOption({ label: "Full refresh, append" });
      await stage.page.getByRole("radio", { name: /^Cron/ }).check();
      await field("Cron expression").fill("at noon");
      await button("Create connection").last().click();
      await stage.page.getByRole("alert").waitFor();
      check.equal(await field("Cron expression").getAttribute("aria-invalid"), "true");
      await inspect("c66-form-cron");
      await field("Cron expression").fill("0 30 6 ? * MON-FRI Europe/Berlin");
      await button("Show the next starts").click();
      const preview = stage.page.getByRole("status").filter({ hasText: "Every Monday to Friday at 06:30 (Europe/Berlin)." });
      await preview.waitFor();
      check.equal(await preview.locator("time").count(), 3);
      await inspect("c67-form-schedule");
      await button("Create connection").last().click();
      await sees("people, slowly");
      check.match(await stage.page.getByRole("status").first().innerText(), /was created/);
      check.equal(await row("users").getByRole("cell").first().innerText(), "Full refresh, append");
      check.equal(await row("purchases").count(), 0, "not chosen");
      check.match(await main().innerText(), /It never ran/);
      known.slow = path().split("?")[0];
      await inspect("c68-created");
    }],

    ["a sync is watched while it runs", async () => {
      await button("Sync now").click();
      await ends("Running");
      known.slowJob = path();
      const read = async () => {
        const text = await stage.page.locator(".figures").innerText();
        return Number((/Rows read\s+([\d,]+)/.exec(text)?.[1] ?? "0").replaceAll(",", ""));
      };
      await stage.page.waitForFunction(() => /Rows read\s+[1-9]/.test(document.querySelector(".figures")?.innerText ?? ""), null, { timeout: 20_000 });
      const before = await read();
      let after = before;
      await stage.page.evaluate(() => (window.stays = true));
      for (let tries = 0; tries < 40 && after === before; tries += 1) {
        await stage.page.waitForTimeout(250);
        after = await read();
      }
      check.ok(after > before, `rows grow: ${before}, ${after}`);
      check.equal(await stage.page.evaluate(() => window.stays), true, "without loading the page again");
      check.match(await stage.page.locator(".figures").innerText(), /Rate\s+[\d,]+ rows? and/);
      await inspect("c69-running");
      await stage.page.goto(known.slow);
      check.equal(await link("Running now").count(), 1);
      check.equal(await button("Sync now").count(), 0, "one at a time");
      await inspect("c70-connection-running");
    }],

    ["without the script a running job is shown as well, and comes again", async () => {
      const plain = await stage.openWindow({ javaScriptEnabled: false });
      await plain.context().addCookies(await stage.page.context().cookies());
      await plain.goto(known.slowJob);
      check.match(await plain.locator(".figures").innerText(), /Rows read/);
      const before = await plain.locator(".figures").innerText();
      await plain.waitForTimeout(4500);
      const after = await plain.locator(".figures").innerText();
      check.notEqual(after, before, "it has come again");
      await plain.context().close();
    }],

    ["the log is read by level, and follows what runs", async () => {
      await stage.page.goto(known.slowJob);
      await link("Log").first().click();
      await sees(/^Log of job/);
      check.equal(await stage.page.getByRole("status").filter({ hasText: "New lines appear by themselves" }).count(), 1);
      check.ok((await stage.page.locator(".log li").count()) > 0, "there are lines");
      await inspect("c71-log-running");
      await field("Level").selectOption({ label: "Errors" });
      await button("Show").click();
      await stage.page.waitForURL(/level=ERROR/);
      check.equal(await stage.page.getByText("No lines of this level yet.").count(), 1);
      await inspect("c72-log-errors");
    }],

    ["a sync is cancelled, and says so", async () => {
      await stage.page.goto(known.slowJob);
      await button("Cancel").click();
      await ends("Cancelled");
      check.match(await main().innerText(), /was ended before it was done/);
      check.equal(await button("Cancel").count(), 0);
      await inspect("c73-cancelled");
    }],

    ["a failure says where, what, why and what to do", async () => {
      await chooses("many people", "broken nothing");
      await field("Name").fill("people into nothing");
      await button("Create connection").last().click();
      await sees("people into nothing");
      known.broken = path().split("?")[0];
      await button("Sync now").click();
      await stage.page.getByRole("heading", { name: /^Why/ }).waitFor({ timeout: 60_000 });
      const reason = await stage.page.locator(".failed").innerText();
      check.match(reason, /Where\s+The destination/);
      check.match(reason, /What to do\s+\S/);
      known.brokenJob = path();
      await inspect("c74-failed");
      if (await button("Cancel").count()) {
        await button("Cancel").click();
        await ends("Cancelled|Failed");
      }
      check.equal(await link("Look at the destination").count(), 1);
    }],

    ["clearing says what it empties, and asks first", async () => {
      await stage.page.goto(known.demo);
      await row("users").locator("summary").click();
      await link("Clear this stream").click();
      await sees("Clear the data of Demo?");
      check.match(await main().innerText(), /emptied at Demo files/);
      check.equal(await stage.page.getByRole("checkbox", { checked: true }).count(), 1);
      await inspect("c75-clear");
      await button("Clear data").click();
      await ends("Succeeded");
      check.match(await main().innerText(), /Only streams\s+users/);
      await inspect("c76-cleared");
      await stage.page.goto(known.demo);
      await link("Refresh").first().click();
      await sees("Refresh the data of Demo?");
      await button("Refresh data").click();
      await ends("Succeeded");
      check.match(await main().innerText(), /moved [\d,]+ rows/);
    }],

    ["history is drawn, and state is shown", async () => {
      await stage.page.goto(known.demo);
      check.equal(await stage.page.locator("svg[role=img]").count(), 2);
      check.equal(await stage.page.locator("svg").first().locator("a").count(), 3, "a bar for each job");
      check.equal(await stage.page.getByRole("row").filter({ hasText: "Succeeded" }).count(), 3);
      await inspect("c77-history");
      await link("How far it has come").click();
      await sees("State of Demo");
      await inspect("c78-state");
    }],

    ["columns of a stream are chosen, and what is changed on the way", async () => {
      await stage.page.goto(known.demo);
      await row("users").locator("summary").click();
      await link("Columns and mappers").click();
      await sees("Columns and mappers of users");
      known.stream = path();
      check.equal(await stage.page.getByRole("checkbox").first().isVisible(), false, "all columns, so none to choose");
      await inspect("c84-stream");
      await stage.page.getByRole("radio", { name: /^Only these/ }).check();
      const ticked = stage.page.getByRole("checkbox", { checked: true });
      while (await ticked.count()) await ticked.first().uncheck();
      await button("Save changes").last().click();
      await stage.page.getByRole("alert").waitFor();
      await stage.page.getByText("Choose at least one column.").waitFor();
      await inspect("c85-stream-refused");
      for (const name of ["id", "name", "email", "updated_at"]) await stage.page.getByRole("checkbox", { name, exact: true }).check();
      for (const kind of ["Rename a column", "Encrypt a column (AES)", "Hash a column"]) {
        await field("Another mapper").selectOption({ label: kind });
        await button("Add mapper").click();
        await stage.page.getByRole("group", { name: new RegExp(kind.replace(/[()]/g, "\\$&")) }).waitFor();
      }
      check.equal(await ticked.count(), 4, "nothing is lost");
      await button("Remove mapper 2").click();
      check.equal(await stage.page.getByRole("group", { name: /AES/ }).count(), 0);
      await button("Move up mapper 2").click();
      await stage.page.getByRole("group", { name: "1. Hash a column" }).waitFor();
      await field("Column of mapper 1").fill("mail");
      await field("Column of mapper 2").fill("email");
      await field("New name of mapper 2").fill("mail");
      await button("Save changes").last().click();
      await stage.page.getByText("There is no field mail.").waitFor();
      await inspect("c86-stream-misfit");
      await field("Column of mapper 1").fill("name");
      await field("New name of mapper 2").press("Enter");
      await sees("Demo");
      check.match(await stage.page.getByRole("status").first().innerText(), /were saved/);
      check.match(await row("users").innerText(), /Changed on the way/);
      await button("Sync now").click();
      await ends("Succeeded");
      await stage.page.goto(known.stream);
      check.equal(await field("Column of mapper 1").inputValue(), "name");
    }],

    ["the state of a stream is set by hand", async () => {
      await stage.page.goto(`${known.demo}/state`);
      const before = await stage.page.locator("#state").innerText();
      await stage.page.getByRole("list", { name: "Streams" }).getByRole("link", { name: "users" }).click();
      await sees("Set the state of users");
      known.setState = path();
      const state = await field("State as JSON").inputValue();
      check.ok(before.includes(Object.keys(JSON.parse(state))[0]), "what is stored is shown");
      await inspect("c87-set-state");
      await field("State as JSON").fill("[]");
      await button("Set state").click();
      await stage.page.getByText("This must be a JSON object.").waitFor();
      check.equal(await field("State as JSON").getAttribute("aria-invalid"), "true");
      await inspect("c88-set-state-refused");
      await field("State as JSON").fill("");
      await button("Set state").click();
      await sees("State of Demo");
      check.match(await stage.page.getByRole("status").first().innerText(), /was set/);
      check.ok(!(await stage.page.locator("#state").innerText()).includes('"users"'), "it is forgotten");
      await inspect("c89-state-set");
    }],

    ["a connection is changed by the same form, paused and set going again", async () => {
      await stage.page.goto(known.slow);
      await link("Edit").click();
      await sees("Edit people, slowly");
      check.equal(await field("Cron expression").inputValue(), "0 30 6 ? * MON-FRI Europe/Berlin");
      check.equal(await stage.page.getByRole("checkbox", { checked: true }).count(), 1);
      await stage.page.getByRole("radio", { name: /^Basic/ }).check();
      await field("Every").fill("12");
      await field("Name").press("Enter");
      await sees("people, slowly");
      check.match(await main().innerText(), /Every 12 hours/);
      await button("Pause").click();
      check.match(await stage.page.getByRole("status").first().innerText(), /is paused/);
      check.equal(await button("Sync now").count(), 0);
      await inspect("c79-paused");
      await button("Resume").click();
      check.match(await stage.page.getByRole("status").first().innerText(), /runs again/);
      await button("Pause").click();
      pages.push(
        [`${home()}/connections`, "list"],
        [known.demo, "connection"],
        [`${known.demo}/edit`, "edit"],
        [`${known.demo}/clear`, "clear"],
        [`${known.demo}/state`, "state"],
        [known.stream, "stream"],
        [known.setState, "set-state"],
        [known.demoJob, "job"],
        [`${known.demoJob}/log?level=TRACE`, "log"],
        [known.brokenJob, "failed"],
        [`${home()}/connections/new-connection`, "pick"],
      );
    }],

    ["pages of connections fit on every screen, and in the dark", async () => {
      for (const width of [320, 390, 768, 960, 961, 1216, 1217]) {
        await stage.page.setViewportSize({ width, height: 800 });
        for (const [address, name] of pages) {
          await stage.page.goto(address);
          if (width <= 390) {
            await inspect(`c80-narrow-${width}-${name}`);
          } else {
            const over = await stage.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
            check.ok(over <= 0, `${address} is ${over} pixels too wide at ${width}`);
          }
        }
      }
      await stage.page.setViewportSize({ width: 1280, height: 860 });
      await stage.page.emulateMedia({ colorScheme: "dark" });
      for (const [address, name] of pages) {
        await stage.page.goto(address);
        check.ok((await audit(stage.page)).paper < 0.05, "dark is dark");
        await inspect(`c81-dark-${name}`);
      }
      await stage.page.emulateMedia({ colorScheme: "light" });
    }],

    ["deleting a connection names it and asks first", async () => {
      await stage.page.goto(known.broken);
      await link("Delete").click();
      await sees("Delete people into nothing?");
      await inspect("c82-delete");
      await button("Delete connection").click();
      await sees("Connections");
      check.equal(await row("people into nothing").count(), 0);
      check.match(await stage.page.getByRole("status").first().innerText(), /was deleted/);
      await stage.page.goto(known.broken);
      await sees("There is no such page");
      await shoot("c83-gone");
    }],
  ];
}
