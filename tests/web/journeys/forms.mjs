// What a form can ask for: alternatives, lists, secrets, optional parts. With a connector that is
// configured and never run.

import { check } from "../report.mjs";

const password = "canary-pass-of-the-walk";
const key = "-----BEGIN KEY-----\ncanary key of the walk\n-----END KEY-----\n";

export function forms(stage) {
  const { link, button, row, sees, shoot, inspect, field, known, secrets } = stage;
  const group = (name) => stage.page.getByRole("group", { name, exact: true });
  const open = () => stage.page.getByText("Optional fields").first().click();
  secrets.push(password, "canary key of the walk");

  async function begin(side, words, name) {
    await stage.page.goto(`/workspaces/${known.workspace}/${side}/new-${side}?q=${words}`);
    await stage.page.getByRole("link", { name }).click();
  }

  return [
    ["of alternatives only what is chosen is asked for", async () => {
      await begin("source", "mssql", /^Microsoft SQL Server/);
      await sees("New source: Microsoft SQL Server (MSSQL)");
      check.equal(await field("JDBC URL Params").isVisible(), false, "optional fields are folded away");
      await open();
      check.equal(await field("JDBC URL Params").isVisible(), true);
      const tunnel = group("Tunnel Method");
      check.equal(await tunnel.getByRole("radio", { name: "None" }).isChecked(), true);
      check.equal(await field("Tunnel Host", tunnel).first().isVisible(), false);
      await tunnel.getByRole("radio", { name: "SSH Password Auth" }).check();
      const option = group("SSH Password Auth");
      check.equal(await field("Tunnel Host", option).isVisible(), true, "shown without the server");
      check.equal(await group("SSH Key Auth").count(), 0, "and the other one is not");
      await inspect("50-form-alternatives");
    }],

    ["every stop of the keyboard on a form can be seen, and they end at its buttons", async () => {
      await field("Host").focus();
      let name = "";
      for (let stops = 0; stops < 60 && name !== "Create source"; stops += 1) {
        await stage.page.keyboard.press("Tab");
        const at = await stage.page.evaluate(() => {
          const element = document.activeElement;
          const [style, box] = [getComputedStyle(element), element.getBoundingClientRect()];
          return {
            name: (element.labels?.[0] ?? element).textContent.trim().replace(/\s+/g, " "),
            seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.height > 0,
          };
        });
        check.ok(at.seen, `the focus on “${at.name}” can be seen`);
        name = at.name;
      }
      check.equal(name, "Create source");
      await group("Tunnel Method").getByRole("radio", { name: "SSH Password Auth" }).focus();
      await stage.page.keyboard.press("ArrowUp");
      check.equal(await group("SSH Key Auth").isVisible(), true, "arrows choose");
      await stage.page.keyboard.press("ArrowDown");
      check.equal(await group("SSH Password Auth").isVisible(), true);
    }],

    ["items are added and removed, and everything else stays", async () => {
      await field("Host").fill("db.example.org");
      await field("Password").fill(password);
      await button("Add to Schemas").click();
      await field("Schemas 1").waitFor();
      check.equal(await field("Schemas 1").evaluate((input) => input === document.activeElement), true, "ready to write");
      await field("Schemas 1").fill("public");
      await button("Add to Schemas").click();
      await field("Schemas 2").fill("sales");
      await button("Add to Schemas").click();
      await field("Schemas 3").fill("stock");
      await button("Remove Schemas 2").click();
      check.equal(await field("Schemas 3").count(), 0);
      check.equal(await field("Schemas 1").inputValue(), "public");
      check.equal(await field("Schemas 2").inputValue(), "stock");
      check.equal(await field("Host").inputValue(), "db.example.org");
      check.equal(await field("Password").inputValue(), password, "a secret is not lost on the way");
      check.equal(await group("Tunnel Method").getByRole("radio", { name: "SSH Password Auth" }).isChecked(), true);
      await inspect("51-form-items");
    }],

    ["what a chosen alternative needs is told as well", async () => {
      await button("Create source").click();
      const alert = stage.page.getByRole("alert");
      await alert.waitFor();
      const told = await alert.getByRole("listitem").allInnerTexts();
      check.deepEqual(told.map((text) => text.replace(/:.*/, "")), [
        "Port", "Database", "Username", "Tunnel Host", "Tunnel User", "Tunnel User Password",
      ]);
      await inspect("52-form-alternatives-refused");
    }],

    ["secrets are masked afterwards, and stay when the mask does", async () => {
      await field("Port").fill("1433");
      await field("Database").fill("shop");
      await field("Username").fill("reader");
      const option = group("SSH Password Auth");
      await field("Tunnel Host", option).fill("ssh.example.org");
      await field("Tunnel User", option).fill("walker");
      await field("Tunnel User Password", option).fill("canary key of the walk");
      await field("Name").fill("shop");
      await button("Create source").click();
      await sees("shop");
      const address = stage.page.url().split("?")[0];
      await stage.page.goto(`${address}/edit`);
      check.equal(await field("Password").getAttribute("type"), "password");
      check.equal(await field("Password").inputValue(), "**********");
      check.equal(await field("Tunnel User Password", option).inputValue(), "**********");
      check.equal(await field("Tunnel Host", option).inputValue(), "ssh.example.org");
      check.equal(await field("Schemas 2").inputValue(), "stock");
      const text = await stage.page.content();
      for (const secret of [password, "canary key"]) check.ok(!text.includes(secret), "a secret is in the page");
      await inspect("53-form-masked");
      await field("Password").press("End");
      await field("Password").pressSequentially("x");
      await button("Save changes").click();
      await stage.page.getByRole("alert").waitFor();
      check.match(await stage.page.getByRole("alert").innerText(), /Password: Write the whole new value/);
      await field("Password").fill("**********");
      await group("Tunnel Method").getByRole("radio", { name: "No Tunnel" }).check();
      await button("Remove Schemas 1").click();
      await button("Save changes").click();
      await sees("shop");
      await link("Edit").click();
      check.equal(await field("Password").inputValue(), "**********");
      check.equal(await group("Tunnel Method").getByRole("radio", { name: "No Tunnel" }).isChecked(), true);
      check.equal(await field("Schemas 1").inputValue(), "stock");
      check.equal(await field("Schemas 2").count(), 0);
      known.shop = address;
    }],

    ["alternatives within alternatives make a destination", async () => {
      await begin("destination", "dev-null", /dev\/null/);
      await sees("New destination: End-to-End Testing (/dev/null)");
      await stage.page.getByRole("radio", { name: "Logging", exact: true }).check();
      await stage.page.getByRole("radio", { name: /^Every N/ }).check();
      check.equal(await field("N").inputValue(), "3");
      await field("N").fill("");
      await inspect("54-form-nested");
      await button("Create destination").click();
      await stage.page.getByRole("alert").waitFor();
      check.match(await stage.page.getByRole("alert").innerText(), /required/);
      check.equal(await stage.page.getByRole("radio", { name: /^Every N/ }).isChecked(), true);
      await stage.page.getByRole("radio", { name: "Silent", exact: true }).check();
      await field("Name").fill("nowhere");
      await button("Test").click();
      await stage.page.getByRole("status").filter({ hasText: "The test succeeded" }).waitFor();
      await button("Create destination").click();
      await sees("nowhere");
      check.equal(await stage.page.getByRole("heading", { name: "Streams" }).count(), 0);
      await inspect("55-destination");
      await link("Delete").click();
      await button("Delete destination").click();
      await sees("Destinations");
      check.equal(await row("nowhere").count(), 0);
    }],

    ["a test that fails says why, in the connector's own words", async () => {
      await begin("destination", "json", /^Local JSON/);
      await field("Folder").fill("../elsewhere");
      await button("Test").click();
      const alert = stage.page.getByRole("alert");
      await alert.waitFor();
      check.match(await alert.innerText(), /^The test failed\s+.*must stay below \/local/);
      check.equal(await field("Folder").inputValue(), "../elsewhere");
      await inspect("56-test-failed");
    }],

    ["long forms fit on narrow screens, and in the dark", async () => {
      for (const [width, scheme] of [[390, "light"], [320, "light"], [320, "dark"]]) {
        await stage.page.setViewportSize({ width, height: 800 });
        await stage.page.emulateMedia({ colorScheme: scheme });
        await stage.page.goto(`${known.shop}/edit`);
        await inspect(`57-form-${width}-${scheme}`);
        await begin("source", "mssql", /^Microsoft SQL Server/);
        await open();
        await group("SSL Method").getByRole("radio", { name: "Encrypted Verify Certificate" }).check();
        await group("Replication Method").getByRole("radio", { name: "CDC" }).check();
        await inspect(`58-form-${width}-${scheme}-open`);
      }
      await stage.page.setViewportSize({ width: 1280, height: 860 });
      await stage.page.emulateMedia({ colorScheme: "light" });
    }],

    ["a form works without the script", async () => {
      const here = stage.page;
      stage.page = await stage.openWindow({ javaScriptEnabled: false });
      await stage.page.goto(`${known.shop}/edit`);
      await stage.logIn();
      await sees("Edit shop");
      await group("SSL Method").getByRole("radio", { name: "Encrypted Verify Certificate" }).check();
      const certificate = field("Certificate", group("Encrypted Verify Certificate"));
      check.equal(await certificate.isVisible(), true, "the style shows what is chosen");
      await certificate.fill("a certificate");
      await button("Add to Schemas").click();
      await field("Schemas 2").fill("scriptless");
      check.equal(await certificate.inputValue(), "a certificate");
      await shoot("59-form-no-script");
      await button("Save changes").click();
      await sees("shop");
      await link("Edit").click();
      check.equal(await field("Schemas 2").inputValue(), "scriptless");
      check.equal(await certificate.inputValue(), "a certificate");
      await stage.page.goto(`${known.shop}/delete`);
      await button("Delete source").click();
      await sees("Sources");
      await stage.page.context().close();
      stage.page = here;
    }],
  ];
}
