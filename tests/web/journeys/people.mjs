// Administering an organization: inviting a user, what they may do, keeping them out, service accounts, and the
// log of all that.

import { readFile } from "node:fs/promises";

import { audit } from "../audit.mjs";
import { makeProgram } from "../program.mjs";
import { check } from "../report.mjs";

const GRACE = "grace@example.org";
const CHOSEN = "a password that grace chose";

export function people(stage) {
  const { link, button, field, row, path, sees, inspect, copied, logIn } = stage;
  const { base, known, openWindow, secrets } = stage;
  const { trade, workspaces, refusedWithinASecond } = makeProgram(base);
  const ways = () => stage.page.getByRole("navigation", { name: "Organization" });
  const told = (words) => stage.page.getByRole("status").filter({ hasText: words }).waitFor();

  // Does something in Grace's window.
  async function as(window, action) {
    const here = stage.page;
    stage.page = window;
    try {
      return await action();
    } finally {
      stage.page = here;
    }
  }

  return [
    ["user name > Organization > Users lists who belongs to it", async () => {
      await stage.page.goto("/");
      await stage.page.getByRole("navigation", { name: "Account" }).locator("summary").click();
      await link("Organization").click();
      await ways().getByRole("link", { name: "Users" }).click();
      await sees("Users");
      check.equal(await ways().getByRole("link", { name: "Users" }).getAttribute("aria-current"), "page");
      check.equal(await stage.page.getByRole("row").filter({ hasText: stage.email }).count(), 1, "who looks is in the list");
      known.users = path();
      await inspect("p01-users");
    }],

    ["an invitation without a name or an e-mail is refused beside the fields", async () => {
      await link("Invite a user").click();
      await sees("Invite a user");
      await inspect("p02-invite");
      await button("Create invitation").click();
      await stage.page.getByText("Give them a name.").waitFor();
      for (const name of ["Name", "Email"]) check.equal(await field(name).getAttribute("aria-invalid"), "true");
      await inspect("p03-invite-refused");
    }],

    ["an invitation is a link to be copied, shown once", async () => {
      await field("Name").fill("Grace");
      await field("Email").fill(GRACE);
      await field("Role on the organization").selectOption("organization_member");
      await button("Create invitation").click();
      await sees("Invitation of Grace");
      known.invitation = await field("Link").inputValue();
      check.match(known.invitation, /\/invitation\?token=[\w-]{43}$/);
      check.equal(await copied("Link"), known.invitation);
      secrets.push(new URL(known.invitation).searchParams.get("token"));
      await inspect("p04-link");
      await link("Done").click();
      await sees("Grace");
      check.ok(!(await stage.page.content()).includes("token="), "the link is not shown again");
      known.grace = path();
      await inspect("p05-invited");
    }],

    ["whoever follows the link chooses a password and is signed in; the link works once", async () => {
      known.window = await openWindow();
      await as(known.window, async () => {
        await stage.page.goto(known.invitation);
        await sees("Choose your password");
        await inspect("p06-choose");
        await field("Password").fill(CHOSEN);
        await field("Repeat password").fill("something else");
        await button("Set password and log in").click();
        await stage.page.getByText("This is not the same as the password.").waitFor();
        check.equal(await field("Repeat password").getAttribute("aria-invalid"), "true");
        await field("Password").fill(CHOSEN);
        await field("Repeat password").fill(CHOSEN);
        await button("Set password and log in").click();
        await sees("Home");
        check.equal(await stage.page.locator("a[href='/organizations']").count(), 0, "she administers nothing");
        secrets.push(CHOSEN);
        await stage.page.goto(known.invitation);
        await sees("This link does not work any more");
        await inspect("p07-spent");
      });
    }],

    ["permissions are granted, changed and revoked", async () => {
      await stage.page.goto(known.grace);
      await field("Role").selectOption("workspace_reader");
      await button("Grant").click();
      await stage.page.getByText("Choose a workspace.").waitFor();
      await inspect("p08-grant-refused");
      await field("Workspace").selectOption({ label: "Default Workspace" });
      await button("Grant").click();
      await told("The permission was granted.");
      const reader = row("Workspace reader");
      check.match(await reader.innerText(), /Default Workspace/);
      await inspect("p09-granted");
      await stage.page.getByLabel("New role instead of Workspace reader on Default Workspace").selectOption("workspace_editor");
      await button("Change Workspace reader on Default Workspace").click();
      await told("The permission was changed.");
      check.equal(await reader.count(), 0);
      check.equal(await row("Workspace editor").count(), 1);
      await as(known.window, async () => {
        await stage.page.goto("/");
        check.equal(await row("Default Workspace").count(), 1, "she sees the workspace");
      });
      await button("Revoke Workspace editor on Default Workspace").click();
      await told("The permission was taken away.");
      check.equal(await row("Workspace editor").count(), 0);
    }],

    ["the last administrator stays", async () => {
      await stage.page.goto(known.users);
      await stage.page.getByRole("row").filter({ hasText: stage.email }).getByRole("link").click();
      await button("Revoke Organization administrator on The whole organization").click();
      await stage.page.getByRole("alert").filter({ hasText: "without an administrator" }).waitFor();
      check.equal(await link("Disable").count(), 0, "nobody disables themselves");
      await inspect("p10-last");
    }],

    ["a disabled user is logged out, and let in again when enabled", async () => {
      await stage.page.goto(known.grace);
      await link("Disable").click();
      await sees("Disable Grace?");
      await inspect("p11-disable");
      await button("Disable user").click();
      await told("Nothing of theirs works any more");
      await inspect("p12-disabled");
      await as(known.window, async () => {
        await stage.page.goto("/settings");
        await sees("Log in to Ferrobyte");
        await logIn(GRACE, CHOSEN);
        await stage.page.getByRole("alert").waitFor();
      });
      await button("Enable").click();
      await told("They are let in again.");
      await as(known.window, async () => {
        await logIn(GRACE, CHOSEN);
        await sees("Profile");
        await stage.page.goto(known.users);
        await sees("You may not see this");
      });
      await known.window.context().close();
    }],

    ["a service account gets an application that acts as it", async () => {
      await ways().getByRole("link", { name: "Service accounts" }).click();
      await sees("Service accounts");
      check.equal(await stage.page.getByRole("heading", { name: "No service accounts yet" }).count(), 1);
      await inspect("p13-none");
      await link("New service account").click();
      await sees("New service account");
      await field("Name").fill("nightly");
      await field("Role on the organization").selectOption("organization_reader");
      await inspect("p14-new-service");
      await button("Create service account").click();
      await sees("nightly");
      await inspect("p15-service");
      await field("Name of a new application").fill("etl");
      await button("Create application").click();
      await sees("Application created");
      const id = await field("Client ID").inputValue();
      const secret = await field("Client secret").inputValue();
      secrets.push(secret);
      await inspect("p16-secret");
      const { access_token: token } = await trade(id, secret);
      secrets.push(token);
      check.equal((await workspaces(token)).status, 200);
      await link("Done").click();
      check.match(await row("etl").innerText(), new RegExp(id));
      await inspect("p17-application");
      await row("etl").getByRole("link", { name: "Delete etl" }).click();
      await sees("Delete etl?");
      await inspect("p18-delete");
      await button("Delete application").click();
      await told("The application was deleted.");
      check.ok(await refusedWithinASecond(token), "its token stops");
    }],

    ["the audit log tells who did that, and is filtered", async () => {
      await ways().getByRole("link", { name: "Audit log" }).click();
      await sees("Audit log");
      await inspect("p19-audit");
      await field("What").fill("POST /invitation");
      await button("Show").click();
      await sees("Audit log");
      const rows = stage.page.getByRole("table", { name: "Changes" }).getByRole("row");
      check.equal(await rows.count(), 2, "a head and one row");
      check.match(await rows.nth(1).innerText(), new RegExp(GRACE));
      await link("Show all").click();
      await field("Who").fill("nobody@example.org");
      await field("From").fill("2020-01-01");
      await field("Who").press("Enter");
      await stage.page.getByRole("heading", { name: "Nothing fits" }).waitFor();
      check.equal(await field("From").inputValue(), "2020-01-01", "what was asked stays in its field");
      await inspect("p20-nothing");
    }],

    ["the audit log is exported as it is filtered", async () => {
      await stage.page.goto(`${known.users.replace("/users", "/audit")}?who=${GRACE}`);
      for (const [name, head] of [["Export as CSV", /^at,userId,userEmail,/], ["Export as JSON lines", /^\{"id":/]]) {
        const [download] = await Promise.all([stage.page.waitForEvent("download"), link(name).click()]);
        const text = await readFile(await download.path(), "utf8");
        check.match(text, head);
        check.match(text, new RegExp(GRACE));
        check.ok(!text.includes(stage.email), "only what was asked for");
        for (const secret of secrets) check.ok(!text.includes(secret), "a secret is in the log");
      }
    }],

    ["pages of people fit on every screen, and in the dark", async () => {
      const organization = known.users.replace("/users", "");
      const pages = ["users", "users/new", "service-accounts", "audit"].map((page) => `${organization}/${page}`);
      pages.push(known.grace, `${known.grace}/disable`);
      for (const [width, colorScheme] of [[768, "light"], [320, "light"], [1280, "dark"]]) {
        await stage.page.setViewportSize({ width, height: 860 });
        await stage.page.emulateMedia({ colorScheme });
        for (const [number, page] of pages.entries()) {
          await stage.page.goto(page);
          if (colorScheme === "dark") check.ok((await audit(stage.page)).paper < 0.05, "dark is dark");
          await inspect(`p21-${width}-${colorScheme}-${number}`);
        }
      }
      await stage.page.setViewportSize({ width: 1280, height: 860 });
      await stage.page.emulateMedia({ colorScheme: "light" });
    }],
  ];
}
