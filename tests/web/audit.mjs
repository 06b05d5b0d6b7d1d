// What must be true of every page, whatever it is for: landmarks, one heading, names for everything
// that can be operated, no scrolling sideways, and colours that can be told apart.

// Runs inside the page. Answers sentences about what is wrong.
function faultsOfPage() {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true });
  const one = (selector) => {
    const count = all(selector).length;
    if (count !== 1) faults.push(`${count} × ${selector}, not 1`);
  };
  ["h1", "main", "header", "footer", "head > title"].forEach(one);
  if (!document.documentElement.lang) faults.push("the page has no language");
  const ids = all("[id]").map((element) => element.id);
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => faults.push(`two elements have the id ${id}`));
  for (const field of all("input:not([type=hidden]), textarea, select")) {
    if (!field.labels?.length && !field.ariaLabel) faults.push(`the field ${field.name || field.id} has no label`);
  }
  for (const thing of all("button, a, summary")) {
    if (!thing.textContent.trim() && !thing.ariaLabel) faults.push(`a ${thing.localName} has no name`);
  }
  for (const image of all("img")) if (!image.hasAttribute("alt")) faults.push("an image has no alt");
  for (const table of all("table")) {
    if (table.querySelectorAll("thead th[scope=col]").length !== table.querySelectorAll("thead th").length) {
      faults.push("a column has no header");
    }
  }
  for (const element of all("[aria-describedby], [aria-labelledby]")) {
    const named = `${element.getAttribute("aria-describedby") ?? ""} ${element.getAttribute("aria-labelledby") ?? ""}`;
    for (const id of named.split(/\s+/).filter(Boolean)) {
      if (!document.getElementById(id)) faults.push(`nothing has the id ${id} that a description names`);
    }
  }
  let level = 0;
  for (const heading of all("h1, h2, h3, h4")) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) faults.push(`the heading “${heading.textContent.trim()}” skips a level`);
    level = next;
  }
  const inline = all("[style], style, script:not([src])").length + all("*").filter((element) =>
    element.getAttributeNames().some((name) => name.startsWith("on"))).length;
  if (inline) faults.push(`${inline} inline styles or scripts`);
  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (over > 0) {
    const wide = all("body *").filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5 && shown(element));
    const names = wide.map((element) => `${element.localName}.${element.className}`).join(", ");
    faults.push(`the page is ${over} pixels wider than the window: ${names}`);
  }

  // Contrast, as WCAG computes it; a canvas turns every notation of a colour into numbers.
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    brush.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
    }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = ["Canvas"];
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.unshift(getComputedStyle(at).backgroundColor);
    return layers.concat(chain);
  };
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element) || element.closest(".unseen, .skip, [aria-hidden=true]")) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const paper = behind(element);
    const [ink, ground] = [light(paint([...paper, style.color])), light(paint(paper))];
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.push(`“${walker.currentNode.data.trim().slice(0, 30)}” has contrast ${ratio.toFixed(2)}`);
  }
  const paper = light(paint(behind(document.body)));
  return { faults, texts, paper };
}

// Looks at the page, and says how much text it read and how light the paper is (0 to 1).
export async function audit(page) {
  return page.evaluate(faultsOfPage);
}
