// The browser of the walk: the system's Chromium, and an ear at every window for what must never
// happen: an error in the console, a request to another host, a page without its headers.

import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const SIZE = { width: 1280, height: 860 };

// What a step that failed has left of its window is not for the next one.
export async function restore(page) {
  await page.setViewportSize(SIZE);
  await page.emulateMedia({ colorScheme: "light" });
}

export async function openBrowser(base) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: FLAGS, timeout: 60_000 });
  const heard = { troubles: [], requests: 0, pages: 0, assets: new Set() };

  // A window with its own cookies. What it does wrong is heard from the first moment on. Its reader wants no
  // motion: the colours of a button that fades are neither those before nor those after.
  async function openWindow(options = {}) {
    const context = await browser.newContext({ baseURL: base, viewport: SIZE, reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(10_000);
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: base });
    const page = await context.newPage();
    page.on("pageerror", (error) => heard.troubles.push(`the script failed: ${error.message}`));
    page.on("console", (message) => {
      // That a page was answered 4xx is told as an error as well; the walk provokes those on purpose.
      const refusal = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
      if (["error", "warning"].includes(message.type()) && !refusal) heard.troubles.push(`console: ${message.text()}`);
    });
    context.on("request", (request) => {
      heard.requests += 1;
      const url = new URL(request.url());
      if (url.origin !== base && url.protocol !== "data:") heard.troubles.push(`a request to ${url.origin}`);
    });
    context.on("response", (response) => hear(response));
    return page;
  }

  async function hear(response) {
    const headers = response.headers();
    const path = new URL(response.url()).pathname;
    const kind = response.request().resourceType();
    if (kind === "document" && (headers["content-type"] ?? "").startsWith("text/html") && !path.startsWith("/api/")) {
      heard.pages += 1;
      if (headers["content-security-policy"] !== POLICY) heard.troubles.push(`${path}: another content security policy`);
      if (headers["cache-control"] !== "no-store") heard.troubles.push(`${path}: may be kept in a cache`);
      if (headers["x-content-type-options"] !== "nosniff") heard.troubles.push(`${path}: may be sniffed`);
      if (response.status() >= 500) heard.troubles.push(`${path}: answered ${response.status()}`);
    }
    if (path.startsWith("/assets/")) {
      if (response.status() !== 200) heard.troubles.push(`${path}: answered ${response.status()}`);
      if (path.split("/").length === 3) return; // without its version, for the page of the API
      heard.assets.add(path);
      if (!/immutable/.test(headers["cache-control"] ?? "")) heard.troubles.push(`${path}: not kept in the cache`);
    }
  }

  return { browser, heard, openWindow };
}
