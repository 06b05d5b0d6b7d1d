// Connectors, and a source that is made of one, tested, changed and deleted.

import { audit } from "../audit.mjs";
import { check } from "../report.mjs";
import { uuid } from "../stage.mjs";

export function connectors(stage) {
  const { link, button, row, path, sees, shoot, inspect, copied, field, known } = stage;
  const main = () => stage.page.locator("main");
  const way = (name) => stage.page.getByRole("navigation", { name: "Main" }).getByRole("link", { name });
  const search = async (words) => {
    await field("Search connectors").fill(words);
    await stage.page.keyboard.press("Enter");
    await stage.page.waitForURL(/[?&]q=/);
  };

  return [
    ["the bar leads to what a workspace has", async () => {
      await stage.page.goto("/");
      await way("Sources").click();
      await sees("Sources");
      check.equal(path(), `/workspaces/${known.workspace}/source`, "the only workspace");
      check.equal(await way("Sources").getAttribute("aria-current"), "true");
      await way("Destinations").click();
      await sees("Destinations");
      check.equal(path(), `/workspaces/${known.workspace}/destination`);
      check.equal(await stage.page.getByRole("heading", { name: "No destinations yet" }).count(), 1);
      await inspect("30-destinations-none");
      await stage.page.goto(`/workspaces/${known.workspace}`);
      await sees("Connections");
    }],

    ["connectors are listed with what they are and how they run", async () => {
      await way("Connectors").click();
      await sees("Connectors");
      const columns = await stage.page.getByRole("columnheader").allInnerTexts();
      check.deepEqual(columns, ["Name", "Kind", "Short name", "Version", "Runs as", "Licence"]);
      check.ok((await stage.page.getByRole("rowheader").count()) > 30, "many connectors");
      const faker = row("Sample Data (Faker)");
      check.deepEqual(
        (await faker.getByRole("cell").allInnerTexts()).filter((_, at) => at !== 2),
        ["Source", "faker", "Built in", "ELv2"],
      );
      await inspect("31-connectors");
    }],

    ["connectors are found by words and by kind", async () => {
      await search("POSTgres");
      const found = async () => (await stage.page.getByRole("rowheader").allInnerTexts()).map((text) => text.trim());
      check.deepEqual(await found(), ["Postgres", "Postgres"]);
      await stage.page.getByLabel("Kind").selectOption({ label: "Destinations" });
      await button("Search").click();
      await stage.page.waitForURL(/type=destination/);
      check.equal(await field("Search connectors").inputValue(), "POSTgres", "the words stay");
      check.deepEqual(await found(), ["Postgres"]);
      await inspect("32-connectors-found");
      await search("<b>no such</b>");
      await stage.page.waitForURL(/q=%3C/);
      check.equal(await stage.page.getByRole("heading", { name: "No connector fits" }).count(), 1);
      check.equal(await field("Search connectors").inputValue(), "<b>no such</b>");
      await inspect("33-connectors-none");
    }],

    ["a new source begins with the choice of its connector", async () => {
      await way("Sources").click();
      await inspect("34-sources-none");
      await link("New source").click();
      await sees("New source");
      await inspect("35-pick");
      await search("faker");
      check.equal(await stage.page.getByRole("list", { name: "Connectors" }).getByRole("link").count(), 1);
      await stage.page.getByRole("link", { name: /^Sample Data/ }).click();
      await sees("New source: Sample Data (Faker)");
      check.equal(await field("Name").inputValue(), "Sample Data (Faker)");
      check.equal(await field("Users").inputValue(), "1000", "the default");
      check.equal(await field("Everything is new each time").isChecked(), true);
      await inspect("36-form");
    }],

    ["what is wrong is told beside its field, and nothing that was written is lost", async () => {
      await field("Name").fill("  ");
      await field("Users").fill("a thousand");
      await field("Seed").fill("7");
      await button("Create source").click();
      const alert = stage.page.getByRole("alert");
      await alert.waitFor();
      check.match(await alert.innerText(), /Name: Give the source a name\.\s+Users: Write a whole number/);
      for (const [name, words] of [["Name", "Give the source a name."], ["Users", "Write a whole number, without a unit."]]) {
        check.equal(await field(name).getAttribute("aria-invalid"), "true");
        const told = await field(name).evaluate((input) =>
          input.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).innerText).join(" "));
        check.ok(told.includes(words), told);
      }
      check.equal(await field("Users").inputValue(), "a thousand");
      check.equal(await field("Seed").inputValue(), "7");
      check.equal(await field("Seed").getAttribute("aria-invalid"), null);
      await inspect("37-form-refused");
      await alert.getByRole("link", { name: "Users" }).click();
      await stage.page.keyboard.press("Tab");
      await stage.page.keyboard.press("Shift+Tab");
      check.equal(await field("Users").evaluate((input) => input === document.activeElement), true, "the link leads there");
    }],

    ["a test says what the connector says, keeps what was written and stores nothing", async () => {
      await field("Users").fill("50");
      await button("Test").click();
      const told = stage.page.getByRole("status").filter({ hasText: "The test succeeded" });
      await told.waitFor();
      check.equal(await field("Users").inputValue(), "50");
      check.equal(await field("Seed").inputValue(), "7");
      check.equal(await field("Name").inputValue(), "  ", "a test needs no name");
      await inspect("38-form-tested");
      await stage.page.goto(`/workspaces/${known.workspace}/source`);
      check.equal(await stage.page.getByRole("heading", { name: "No sources yet" }).count(), 1);
    }],

    ["a created source shows its streams", async () => {
      await stage.page.goto(`/workspaces/${known.workspace}/source/new-source?q=faker`);
      await stage.page.getByRole("link", { name: /^Sample Data/ }).click();
      await field("Name").fill("made-up people");
      await field("Users").fill("50");
      // The Enter key creates, whatever buttons there are.
      await field("Name").press("Enter");
      await sees("made-up people");
      check.match(await stage.page.getByRole("status").first().innerText(), /The source was created/);
      known.source = (await stage.page.locator("#actor-id").innerText()).trim();
      check.match(known.source, uuid);
      check.equal(await copied("ID"), known.source);
      await row("users").waitFor();
      const streams = await stage.page.getByRole("rowheader").allInnerTexts();
      check.deepEqual(streams.map((name) => name.trim()).sort(), ["products", "purchases", "users"]);
      check.match(await row("users").innerText(), /incremental/);
      check.match(await row("users").innerText(), /id/);
      await inspect("39-source");
      await button("Test").click();
      await stage.page.getByRole("status").filter({ hasText: "The test succeeded" }).waitFor();
      await inspect("40-source-tested");
    }],

    ["a source is changed by the same form", async () => {
      await link("Edit").click();
      await sees("Edit made-up people");
      check.equal(await field("Users").inputValue(), "50");
      await field("Name").fill("made-up <people>");
      await field("Users").fill("60");
      await field("Everything is new each time").uncheck();
      await button("Save changes").click();
      await sees("made-up <people>");
      check.match(await stage.page.getByRole("status").first().innerText(), /changes were saved/);
      await link("Edit").click();
      check.equal(await field("Users").inputValue(), "60");
      check.equal(await field("Everything is new each time").isChecked(), false);
      await inspect("41-edit");
      await link("Cancel").click();
      await link("Sources").first().click();
      await sees("Sources");
      check.equal(await row("made-up <people>").count(), 1);
      await inspect("42-sources");
    }],

    ["pages of connectors fit on every screen, and in the dark", async () => {
      const home = `/workspaces/${known.workspace}`;
      const pages = [
        [`${home}/source`, "sources"],
        [`${home}/source/new-source`, "pick"],
        [`${home}/source/${known.source}`, "source"],
        [`${home}/source/${known.source}/edit`, "edit"],
        [`${home}/source/${known.source}/delete`, "delete"],
        [`${home}/connectors`, "connectors"],
        ["/connectors", "connectors-again"],
      ];
      for (const width of [320, 390, 768, 960, 961, 1216, 1217]) {
        await stage.page.setViewportSize({ width, height: 800 });
        for (const [address, name] of pages) {
          await stage.page.goto(address);
          if (width <= 390) {
            await inspect(`43-narrow-${width}-${name}`);
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
        await inspect(`44-dark-${name}`);
      }
      await stage.page.emulateMedia({ colorScheme: "light" });
    }],

    ["deleting a source names it and asks first", async () => {
      await stage.page.goto(`/workspaces/${known.workspace}/source/${known.source}`);
      await link("Delete").click();
      await sees("Delete made-up <people>?");
      check.match(await main().innerText(), /cannot be undone/);
      await inspect("45-delete-source");
      await link("Cancel").click();
      await sees("made-up <people>");
      await link("Delete").click();
      await button("Delete source").click();
      await sees("Sources");
      check.match(await stage.page.getByRole("status").first().innerText(), /The source was deleted/);
      check.equal(await row("made-up <people>").count(), 0);
      await stage.page.goto(`/workspaces/${known.workspace}/source/${known.source}`);
      await sees("There is no such page");
      await shoot("46-source-gone");
    }],

    ["a workspace or a connector of nobody is a page that does not exist", async () => {
      const nobody = "00000000-0000-4000-8000-000000000000";
      const home = `/workspaces/${known.workspace}`;
      for (const address of [
        `/workspaces/${nobody}/source`,
        `${home}/source/${nobody}`,
        `${home}/source/nonsense`,
        `${home}/source/new-source/${nobody}`,
        `${home}/elsewhere`,
      ]) {
        await stage.page.goto(address);
        await sees("There is no such page");
      }
    }],
  ];
}
