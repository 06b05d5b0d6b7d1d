// Groups and tags: made, changed and deleted; who is in a group and what it is granted; what a member may do by it.

import { audit } from "../audit.mjs";
import { check } from "../report.mjs";
import { uuid } from "../stage.mjs";

export function groups(stage) {
  const { link, button, row, path, sees, inspect, copied, field, known } = stage;
  const main = () => stage.page.locator("main");
  const status = () => stage.page.getByRole("status").first().innerText();
  const home = () => `/workspaces/${known.workspace}`;
  const pages = [];

  return [
    ["the name above leads to the organization, whose groups are none at first", async () => {
      await stage.page.goto("/");
      await stage.page.getByRole("navigation", { name: "Account" }).locator("summary").click();
      await link("Organization").click();
      await sees("Users");
      await stage.page.getByRole("navigation", { name: "Organization" }).getByRole("link", { name: "Groups" }).click();
      await sees("Groups");
      known.groups = path();
      const side = stage.page.getByRole("navigation", { name: "Organization" });
      check.equal(await side.getByRole("link", { name: "Groups" }).getAttribute("aria-current"), "page");
      check.equal(await stage.page.getByRole("heading", { name: "No groups yet" }).count(), 1);
      await inspect("g01-none");
    }],

    ["a group needs a name of its own", async () => {
      await link("New group").click();
      await sees("New group");
      await inspect("g02-new");
      await button("Create group").click();
      await stage.page.getByText("Give the group a name.").waitFor();
      check.equal(await field("Name").getAttribute("aria-invalid"), "true");
      await inspect("g03-refused");
      await field("Name").fill("On call");
      await field("Description").fill("Who is asked at night.");
      await button("Create group").click();
      await sees("On call");
      known.group = path().split("?")[0];
      check.match(await status(), /was created/);
      check.match(await copied("group ID"), uuid);
      await inspect("g04-created");
      await stage.page.goto(`${known.groups}/new`);
      await field("Name").fill("ON CALL");
      await field("Name").press("Enter");
      await stage.page.getByText("The organization has a group of this name already.").waitFor();
    }],

    ["members come by their e-mail, and go", async () => {
      await stage.page.goto(known.group);
      const email = field("Email of a new member");
      const offered = stage.page.locator("datalist option");
      check.equal(await offered.first().getAttribute("value"), stage.email, "people are suggested");
      await email.fill("nobody@example.org");
      await button("Add member").click();
      await stage.page.getByText("Nobody with this e-mail belongs to the organization.").waitFor();
      check.equal(await email.getAttribute("aria-invalid"), "true");
      check.equal(await email.inputValue(), "nobody@example.org", "it is kept");
      await inspect("g05-member-refused");
      await email.fill(stage.email);
      await email.press("Enter");
      await stage.page.getByRole("status").filter({ hasText: "The member was added." }).waitFor();
      check.match(await stage.page.getByRole("table", { name: /^Members/ }).innerText(), /ada@example\.org/);
      await inspect("g06-member");
    }],

    ["a group is granted roles where they fit, and they are taken away", async () => {
      check.equal(await field("Workspace").isVisible(), false, "only for roles on a workspace");
      await button("Grant").click();
      await stage.page.getByText("Choose a role.").waitFor();
      await inspect("g07-grant-refused");
      await field("Role").selectOption("workspace_runner");
      check.equal(await field("Workspace").isVisible(), true);
      await field("Workspace").selectOption({ label: "Default Workspace" });
      check.deepEqual((await audit(stage.page)).faults.filter((fault) => !fault.includes("inline")), [], "a screenshot leaves empty styles");
      await button("Grant").click();
      await stage.page.getByRole("status").filter({ hasText: "The permission was granted" }).waitFor();
      await field("Role").selectOption("organization_reader");
      await button("Grant").click();
      const granted = stage.page.getByRole("table", { name: "Permissions" });
      await granted.getByRole("row").nth(2).waitFor();
      check.match(await row("Workspace runner").innerText(), /Default Workspace/);
      check.match(await row("Organization reader").innerText(), /The whole organization/);
      await inspect("g09-granted");
      await button("Revoke Organization reader on The whole organization").click();
      await stage.page.getByRole("status").filter({ hasText: "was taken away" }).waitFor();
      check.equal(await row("Organization reader").count(), 0);
    }],

    ["a group is named anew", async () => {
      await link("Edit").click();
      await sees("Edit On call");
      check.equal(await field("Description").inputValue(), "Who is asked at night.");
      await field("Name").fill("Night watch");
      await inspect("g10-edit");
      await button("Save changes").click();
      await sees("Night watch");
      check.match(await status(), /were saved/);
      await link("Groups").first().click();
      await sees("Groups");
      check.match(await row("Night watch").innerText(), /1$/, "one member");
      await inspect("g11-list");
    }],

    ["a tag is made with a colour, and tells when it cannot be", async () => {
      await stage.page.goto(`${home()}/connections`);
      await link("Tags").click();
      await sees("Tags");
      check.equal(await stage.page.getByRole("heading", { name: "No tags yet" }).count(), 1);
      await inspect("g20-tags-none");
      await link("New tag").click();
      await sees("New tag");
      await button("Create tag").click();
      await stage.page.getByText("Give the tag a name.").waitFor();
      await inspect("g21-tag-refused");
      await field("Name").fill("nightly");
      await field("Colour").fill("#2266cc");
      await button("Create tag").click();
      await sees("Tags");
      check.match(await row("nightly").innerText(), /#2266cc/);
      check.equal(await row("nightly").locator("circle").getAttribute("fill"), "#2266cc");
      await link("New tag").click();
      await field("Name").fill("finance");
      await field("Name").press("Enter");
      await sees("Tags");
      await inspect("g22-tags");
    }],

    ["a connection gets tags on its page, and is found by them", async () => {
      await stage.page.goto(known.demo);
      await stage.page.getByText("Change tags").click();
      await stage.page.getByRole("checkbox", { name: "nightly" }).check();
      await inspect("g23-choose");
      await button("Save tags").click();
      await stage.page.getByRole("status").filter({ hasText: "tags of the connection were changed" }).waitFor();
      check.match(await main().innerText(), /Tags\s+nightly/);
      await inspect("g24-tagged");
      await stage.page.goto(`${home()}/connections`);
      check.ok((await stage.page.getByRole("rowheader").count()) > 1, "several connections");
      await row("Demo").getByRole("link", { name: "nightly" }).click();
      await stage.page.getByText("Only those with the tag").waitFor();
      check.equal(await stage.page.getByRole("rowheader").count(), 1);
      await inspect("g25-found");
      await stage.page.goto(`${home()}/tags`);
      await row("finance").getByRole("link", { name: /^Those with it/ }).click();
      check.equal(await stage.page.getByRole("heading", { name: "No connection has this tag" }).count(), 1);
      await link("Show all connections").click();
      check.ok((await stage.page.getByRole("rowheader").count()) > 1);
    }],

    ["a tag is changed and deleted, and connections lose it", async () => {
      await stage.page.goto(`${home()}/tags`);
      await row("nightly").locator("summary").click();
      await row("nightly").getByRole("link", { name: "Edit" }).click();
      await sees("Edit nightly");
      check.equal(await field("Colour").inputValue(), "#2266cc");
      await field("Name").fill("every night");
      await button("Save changes").click();
      await sees("Tags");
      pages.push(
        [known.groups, "groups"],
        [known.group, "group"],
        [`${known.group}/edit`, "group-edit"],
        [`${known.group}/delete`, "group-delete"],
        [`${home()}/tags`, "tags"],
        [`${home()}/tags/new`, "tag-new"],
        [known.demo, "tagged"],
        [`${home()}/connections`, "tagged-list"],
      );
    }],

    ["pages of groups and tags fit on every screen, and in the dark", async () => {
      for (const width of [320, 390, 960, 961, 1217]) {
        await stage.page.setViewportSize({ width, height: 800 });
        for (const [address, name] of pages) {
          await stage.page.goto(address);
          if (width <= 390) {
            await inspect(`g80-narrow-${width}-${name}`);
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
        await inspect(`g81-dark-${name}`);
      }
      await stage.page.emulateMedia({ colorScheme: "light" });
    }],

    ["deleting a tag or a group names it and asks first", async () => {
      await stage.page.goto(`${home()}/tags`);
      await row("every night").locator("summary").click();
      await row("every night").getByRole("link", { name: "Delete" }).click();
      await sees("Delete every night?");
      await inspect("g90-tag-delete");
      await button("Delete tag").click();
      await sees("Tags");
      check.match(await status(), /was deleted/);
      await stage.page.goto(known.demo);
      check.match(await main().innerText(), /Tags\s+None/);
      await stage.page.goto(known.group);
      await link("Delete").click();
      await sees("Delete Night watch?");
      check.match(await main().innerText(), /Its one member keeps only what they hold otherwise/);
      await link("Cancel").click();
      await sees("Night watch");
      await button("Remove Administrator").or(button(/^Remove/)).first().click();
      await stage.page.getByRole("status").filter({ hasText: "The member was removed." }).waitFor();
      await link("Delete").click();
      await button("Delete group").click();
      await sees("Groups");
      check.match(await status(), /was deleted/);
      await stage.page.goto(known.group);
      await sees("There is no such page");
    }],
  ];
}
