// What the console's pages gain by a script: copying, following a list, shortcuts, local times. Without it nothing that a task
// needs is missing: what can be pressed is put there from here. It writes texts, never markup.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (name, properties, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };
  const button = (text, press, look = "") =>
    make("button", { type: "button", className: `button ${look}`, onclick: press }, text);
  const region = make("p", { className: "unseen", role: "status" });
  document.body.append(region);
  const say = (text) => { region.textContent = text; };
  const words = (node) => (node?.textContent ?? "text").trim();
  const small = (text) => text.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());

  // Copying
  const named = (code) => {
    const cell = code.closest("td, th"), fact = code.closest("dl > div");
    if (fact) return small(words($("dt", fact)));
    if (cell) {
      const column = cell.closest("table").tHead?.rows[0].cells[cell.cellIndex];
      return `${small(words(column))} of ${words($("bdi, code", cell.parentNode))}`;
    }
    const heading = words(code.closest("div, section")?.querySelector("h2, h3"));
    return code.dataset.operation ? `${code.dataset.operation} for ${heading}` : heading;
  };
  const copy = async (code, what, word) => {
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // Without a secure context only the older way works.
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
    }
    say(done ? `Copied ${what}.` : `${what} is selected but was not copied: use the keyboard.`);
    word.textContent = done ? "Copied" : "Selected";
    setTimeout(() => { word.textContent = "Copy"; }, 2000);
  };
  const zone = new Intl.DateTimeFormat([], { dateStyle: "long", timeStyle: "long" });
  const dress = (root) => {
    for (const code of $$("code.copy, .command > code", root)) {
      const what = named(code), word = make("span", {}, "Copy");
      const put = button(word, () => copy(code, what, word), "link take");
      put.append(make("span", { className: "unseen" }, ` ${what}`));
      (code.closest("pre") ?? code).after(" ", put);
    }
    for (const time of $$("time", root)) time.title = `${zone.format(new Date(time.dateTime))}, where you are`;
  };
  dress(document);

  // Following: the page asks for itself again while it is seen, and takes over the list.
  const keys = (page) => $$("main tbody tr a:first-of-type", page);
  const whole = (page) => {
    const list = $("main tbody, main .empty", page);
    return list?.closest("section") ?? list;
  };
  const take = (page) => {
    const [old, now] = [whole(document), whole(page)];
    if (!now || old.matches(":active, :focus-within") || !getSelection().isCollapsed) return;
    const known = new Set(keys(document).map((link) => link.href));
    const put = document.importNode(now, true);
    old.replaceWith(put);
    dress(put);
    const fresh = keys(document).filter((link) => !known.has(link.href));
    for (const link of fresh) link.closest("tr").classList.add("new");
    if (fresh.length) say(`${fresh.length} new: ${fresh.slice(0, 3).map(words).join(", ")}`);
  };
  const ask = () => new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.timeout = 10000;
    request.onload = () => (request.status === 200 && request.response ? done(request.response) : failed());
    request.onerror = request.ontimeout = failed;
    request.send();
  });
  const heading = $("main .heading");
  if (heading && /\/(events|inbox)$/.test(location.pathname) && !/[?&]before=/.test(location.search)) {
    const note = make("p", { className: "hint" });
    let run = 0;
    const set = (on, text) => {
      run += 1;
      follow.ariaPressed = String(on);
      note.textContent = text;
      say(text);
    };
    const turn = async (mine) => {
      if (mine !== run) return;
      try {
        const page = document.hidden ? null : await ask();
        if (mine !== run) return;
        if (page) take(page);
        setTimeout(turn, 2000, mine);
      } catch {
        if (mine === run) set(false, "Following has stopped: the page could not be read. Press Follow to go on.");
      }
    };
    const follow = button("Follow", () => {
      if (follow.ariaPressed === "true") return set(false, "No longer following.");
      set(true, "Following: what is new appears at the top.");
      turn(run);
    });
    follow.id = "follow";
    follow.ariaPressed = "false";
    heading.append(make("div", { className: "following" }, follow, note));
  }

  // Shortcuts
  // Where storage is closed to pages they stay on.
  const shortcuts = (put) => {
    const name = "poolhouse-shortcuts-off";
    try {
      if (put !== undefined) localStorage.setItem(name, put);
      return !localStorage.getItem(name);
    } catch {
      return true;
    }
  };
  const ways = { u: "users", c: "clients", i: "inbox", e: "events" };
  let began = -9999, dialog;
  const help = () => {
    if (!dialog) {
      const box = make("input", { type: "checkbox", id: "shortcuts-on", checked: shortcuts() });
      box.onchange = () => shortcuts(box.checked ? "" : "yes");
      const lines = ["/ search", ...Object.entries(ways).map(([key, way]) => `g ${key} ${way}`), "? this list"];
      dialog = make("dialog", { className: "card", ariaLabel: "Keyboard shortcuts" }, make("h2", {}, "Keyboard shortcuts"),
        make("ul", {}, ...lines.map((line) => make("li", {}, line))),
        make("label", { htmlFor: box.id }, box, " Shortcuts are on"), button("Close", () => dialog.close()));
      document.body.append(dialog);
    }
    dialog.showModal();
  };
  $(".desk > .foot")?.append(button("Keyboard shortcuts", help, "link"));
  document.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat || !shortcuts()) return;
    if (dialog?.open || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const way = event.timeStamp - began < 1500 && Object.hasOwn(ways, event.key) && ways[event.key];
    began = event.key === "g" ? event.timeStamp : -9999;
    if (way) {
      const link = $(`.menu a[href$="/${way}"], .bar a[href$="/${way}"]`);
      if (link) link.click();
      else say(`Open a user pool first: ${way} belong to one.`);
    } else if (event.key === "/") {
      const search = $(".find input");
      if (search) event.preventDefault();
      search?.focus();
    } else if (event.key === "?") help();
  };
})();
