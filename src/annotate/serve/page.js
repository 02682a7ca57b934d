// Without this script every form and link of the page works, by loading it anew. The script sends the same requests and
// puts the answer's part in place, keeps the focus, says what happened, and adds keys.
"use strict";
(() => {
  const app = document.getElementById("app");
  const live = document.getElementById("live");
  const help = document.getElementById("help");
  const single = document.getElementById("single");
  let turn = 0;
  // What a person does while an answer is on its way waits for it: it is meant for what the answer will show.
  let busy = false;
  const waiting = [];
  const later = (act) => {
    if (busy && waiting.length < 100) waiting.push(act);
    return busy;
  };
  const goOn = (well) => {
    busy = false;
    if (!well) waiting.length = 0;
    while (!busy && waiting.length > 0) waiting.shift()();
  };

  const keys = () => !single || single.checked;
  try {
    single.checked = localStorage.getItem("single-keys") !== "off";
    single.addEventListener("change", () => localStorage.setItem("single-keys", single.checked ? "on" : "off"));
  } catch { /* the browser keeps nothing: keys are on */ }

  const say = (text) => { live.textContent = ""; requestAnimationFrame(() => { live.textContent = text; }); };

  // What has the focus, in words that find its counterpart in the next answer.
  const nameOf = (element) => {
    if (!element || element === document.body) return null;
    if (element.id) {
      const typed = element.matches("input[type=text], input[type=search], input:not([type])") && element.value !== element.defaultValue;
      return {
        find: (root) => root.querySelector("#" + CSS.escape(element.id)),
        at: element.selectionStart,
        text: typed ? element.value : null,
      };
    }
    const label = element.getAttribute("aria-label") || element.textContent.trim();
    const tag = element.tagName;
    return { find: (root) => [...root.querySelectorAll(tag)].find((e) => (e.getAttribute("aria-label") || e.textContent.trim()) === label) };
  };

  // The same done again to its counterpart.
  const again = (element) => {
    const name = nameOf(element);
    return () => name?.find(document)?.click();
  };

  const place = (html, url, message, focus) => {
    const next = new DOMParser().parseFromString(html, "text/html");
    const part = next.getElementById("app");
    if (!part) { location.reload(); return; }
    const held = focus ?? nameOf(document.activeElement);
    const samples = document.querySelector(".tree .selected");
    const top = samples ? samples.getBoundingClientRect().top : null;
    const list = document.querySelector(".domains")?.scrollTop ?? 0;
    const before = document.querySelector("h1")?.textContent;
    app.replaceChildren(...part.childNodes);
    document.title = next.title;
    if (url) history.replaceState(null, "", url);
    const domains = document.querySelector(".domains");
    if (domains) {
      domains.scrollTop = list;
      document.querySelector(".domains [aria-current]")?.scrollIntoView({ block: "nearest" });
    }
    const heading = document.querySelector("h1")?.textContent;
    const row = document.querySelector(".tree .selected");
    if (heading !== before) scrollTo(0, 0);
    else if (row && top !== null) scrollBy(0, row.getBoundingClientRect().top - top);
    const target = held?.find(document);
    if (target && !target.disabled) {
      target.focus({ preventScroll: true });
      // What was typed meanwhile stays.
      if (held.text && heading === before) target.value = held.text;
      if (held.at !== undefined && held.at !== null) target.setSelectionRange(held.at, held.at);
    } else if (heading !== before) {
      document.getElementById("domain")?.focus({ preventScroll: true });
    }
    const alert = document.querySelector("#app .alert");
    const progress = document.getElementById("progress");
    const parts = [message, heading !== before ? heading : "", alert ? "" : progress?.textContent];
    say(parts.filter(Boolean).join(". "));
  };

  const load = async (url, options, message, focus) => {
    const mine = ++turn;
    busy = true;
    try {
      const response = await fetch(url, { redirect: "follow", credentials: "omit", cache: "no-store", ...options });
      const html = await response.text();
      // A later request has been sent: its answer counts.
      if (mine !== turn) return;
      if (!(response.headers.get("content-type") || "").startsWith("text/html")) throw new Error(html.trim());
      const shown = response.redirected || !options ? response.url : null;
      place(html, shown, response.ok ? message : "", focus);
      goOn(response.ok);
    } catch (error) {
      if (mine !== turn) return;
      goOn(false);
      say("");
      const text = error instanceof TypeError ? "The program does not answer: was it ended?" : error.message;
      let line = app.querySelector(".alert");
      if (!line) {
        line = document.createElement("p");
        line.className = "alert";
        line.setAttribute("role", "alert");
        app.prepend(line);
      }
      line.textContent = text;
    }
  };

  const own = (url) => url.origin === location.origin && url.pathname === location.pathname;

  app.addEventListener("click", (event) => {
    if (event.target.closest("#help-button")) { help.showModal(); return; }
    const link = event.target.closest("a[href]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (!own(url) || url.hash) return;
    event.preventDefault();
    if (!later(again(link))) load(url);
  });

  app.addEventListener("submit", (event) => {
    const form = event.target;
    const url = new URL(form.getAttribute("action"), location.href);
    const data = new URLSearchParams(new FormData(form, event.submitter));
    event.preventDefault();
    if (form.method === "get") {
      url.search = data.toString();
      load(url);
      return;
    }
    // A note is sent as it was typed: the answer on its way has none of it.
    if (event.submitter && !form.querySelector("#note") && later(again(event.submitter))) return;
    const message = event.submitter?.getAttribute("aria-label") || event.submitter?.textContent.trim() || "";
    load(url, { method: "POST", body: data }, message);
  });

  let typing;
  app.addEventListener("input", (event) => {
    const form = event.target.closest("form.filter");
    if (!form) return;
    clearTimeout(typing);
    typing = setTimeout(() => { if (form.isConnected) form.requestSubmit(); }, event.target.type === "radio" ? 0 : 150);
  });

  const press = (selector) => {
    const target = document.querySelector(selector);
    if (!target || target.disabled) return false;
    target.click();
    return true;
  };

  const walk = (step) => {
    const links = [...document.querySelectorAll(".tree a.prefix")];
    const at = links.findIndex((link) => link.closest("tr").classList.contains("selected"));
    const link = links[Math.max(0, Math.min(links.length - 1, at + step))];
    if (!link || at === links.indexOf(link)) return;
    const href = link.getAttribute("href");
    load(new URL(href, location.href), undefined, link.textContent, {
      find: () => {
        const row = document.querySelector(".tree .selected");
        row?.scrollIntoView({ block: "nearest" });
        return row?.querySelector("a.prefix");
      },
    });
  };

  const fold = (state) => press(`.tree .selected a.fold[data-fold="${state}"]`);
  const KEYS = {
    j: () => walk(1), ArrowDown: () => walk(1),
    k: () => walk(-1), ArrowUp: () => walk(-1),
    l: () => fold("open"), ArrowRight: () => fold("open"),
    h: () => fold("close"), ArrowLeft: () => fold("close"),
    a: () => press(".tree .selected button.accept"),
    r: () => press(".tree .selected button.refuse"),
    s: () => press(".tree .selected button.split"),
    c: () => press(".tree .selected button.clear"),
    p: () => press("button.take"),
    n: () => press("#next"),
    x: () => press('button[value="skip"]'),
    u: () => press('button[value="undo"]'),
    y: () => press('button[value="redo"]'),
    t: () => document.getElementById("note")?.focus(),
    "/": () => document.getElementById("find")?.select(),
    "?": () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const at = event.target;
    const writes = at.matches("input:not([type=radio]):not([type=checkbox]), textarea");
    if (event.key === "Escape" && writes) { at.blur(); document.getElementById("domain")?.focus(); return; }
    if (writes || !keys()) return;
    const arrow = event.key.startsWith("Arrow");
    // Arrows move inside of radio buttons and scroll texts.
    if (arrow && !(at === document.body || at.closest(".tree") || at.id === "domain")) return;
    const act = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    // What leads to a field does so at once: what follows is text.
    if (event.key === "t" || event.key === "/" || !later(act)) act();
  });
})();
