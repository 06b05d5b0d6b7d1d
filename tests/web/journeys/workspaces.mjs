// Workspaces: a second one, named anew and deleted.

import { check } from "../report.mjs";

export function workspaces(stage) {
  const { link, button, sees, inspect, field, row, path } = stage;

  return [
    ["a workspace is made, named anew, and deleted by whoever writes its name", async () => {
      await stage.page.goto("/");
      await link("New workspace").click();
      await sees("New workspace");
      await button("Create workspace").click();
      await stage.page.getByText("Give the workspace a name.").waitFor();
      check.equal(await field("Name").getAttribute("aria-invalid"), "true");
      await inspect("w90-new");
      await field("Name").fill("experiments");
      await field("Name").press("Enter");
      await sees("Connections");
      check.equal(await stage.page.getByRole("heading", { name: "No connections yet" }).count(), 1);
      const home = path().replace("/connections", "");
      await link("Workspace settings").click();
      await sees("Settings of experiments");
      await field("Name").fill("trials");
      await button("Save changes").click();
      await sees("Settings of trials");
      await inspect("w91-settings");
      await link("Delete").click();
      await sees("Delete trials?");
      await field("Write the name of the workspace").fill("experiments");
      await button("Delete workspace").click();
      await stage.page.getByText("That is not the name of the workspace.").waitFor();
      await stage.page.setViewportSize({ width: 320, height: 800 });
      await inspect("w92-delete-narrow");
      await stage.page.setViewportSize({ width: 1280, height: 860 });
      await field("Write the name of the workspace").fill("trials");
      await button("Delete workspace").click();
      await sees("Home");
      check.equal(await row("trials").count(), 0);
      await stage.page.goto(home);
      await sees("There is no such page");
    }],
  ];
}
