// Four comforts for the pages, which all work without them: buttons that copy, times in the reader's
// own language and zone, forms that ask again by themselves, and pieces that follow a running job.
// Nothing is asked for but such pieces of the same site, nothing is stored.

const spoken = document.getElementById("spoken");

// The browser's clipboard needs a secure origin and leave to write; without either, the old way by
// selection is tried, which at least leaves the text selected.
async function copyText(source, text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Not allowed here: go on below.
    }
  }
  if (typeof source.select === "function") {
    source.select();
  } else {
    window.getSelection().selectAllChildren(source);
  }
  if (!document.execCommand("copy")) throw new Error("the browser did not copy");
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const word = button.querySelector("[data-copy-word]");
  if (!source || !word) continue;
  const usual = word.textContent;
  let back = 0;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = "value" in source ? source.value : source.textContent;
    let copied = true;
    try {
      await copyText(source, text);
    } catch {
      copied = false;
    }
    word.textContent = copied ? "Copied" : "Press Ctrl+C";
    button.classList.toggle("copied", copied);
    spoken.textContent = copied ? "Copied to the clipboard." : "Not copied. The text is selected; press Control and C.";
    clearTimeout(back);
    back = setTimeout(() => {
      word.textContent = usual;
      button.classList.remove("copied");
      spoken.textContent = "";
    }, 2500);
  });
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];

// Roughly how long ago, for up to a month; older moments are better told by their date.
function ago(time) {
  const seconds = Math.round((Date.now() - time) / 1000);
  if (seconds < 60) return relative.format(0, "second");
  if (seconds > 30 * 86400) return exact.format(time);
  const [unit, length] = steps.find(([, span]) => seconds >= span);
  return relative.format(-Math.floor(seconds / length), unit);
}

function tellTimes(within) {
  for (const element of within.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    if (Number.isNaN(time.getTime())) continue;
    element.title = element.textContent;
    element.textContent = "ago" in element.dataset ? ago(time) : exact.format(time);
  }
}
tellTimes(document);

// A page that waits for an answer asks again, as its button would.
for (const form of document.querySelectorAll("form[data-again]")) {
  setTimeout(() => form.requestSubmit(), Number(form.dataset.again) * 1000);
}

// A piece that changes while a job runs is told again by the server whenever it does, until the job has come a
// step further; then the whole page is loaded anew. Text that somebody is selecting stays. A window that
// nobody looks at follows nothing: a browser keeps only a few connections to one server.
function follow(piece) {
  const atEnd = () => piece.scrollTop + piece.clientHeight >= piece.scrollHeight - 8;
  const selecting = () => {
    const selection = window.getSelection();
    return !selection.isCollapsed && piece.contains(selection.anchorNode);
  };
  const phase = () => piece.querySelector("[data-phase]")?.dataset.phase;
  const first = phase();
  let events;
  let latest;
  function show() {
    if (latest === undefined || selecting()) return;
    const stays = atEnd();
    piece.innerHTML = latest;
    latest = undefined;
    tellTimes(piece);
    if (stays) piece.scrollTop = piece.scrollHeight;
    if (phase() !== first) location.reload();
  }
  function listen() {
    events?.close();
    if (document.hidden) return;
    events = new EventSource(piece.dataset.live);
    events.onmessage = ({ data }) => {
      latest = JSON.parse(data);
      show();
    };
    // The browser comes again by itself, unless it was answered something else: then it is asked what.
    events.onerror = () => {
      if (events.readyState === EventSource.CLOSED) setTimeout(ask, 2000);
    };
  }
  async function ask() {
    try {
      const answer = await fetch(piece.dataset.live, { cache: "no-store" });
      if (answer.redirected || answer.status === 403 || answer.status === 404) return location.reload();
    } catch {
      // Not there at the moment.
    }
    listen();
  }
  piece.scrollTop = piece.scrollHeight;
  document.addEventListener("visibilitychange", listen);
  document.addEventListener("selectionchange", show);
  listen();
}

for (const piece of document.querySelectorAll("[data-live]")) follow(piece);
