// What the pages do in the browser: moments in local time, links that change a page in place, keys, chart labels.
"use strict";

(() => {
  const pad = (number) => String(number).padStart(2, "0");
  const clock = (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  const day = (date) => date.toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short" });
  const utc = (date) => `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const zone = (date) => {
    const ahead = -date.getTimezoneOffset();
    return ahead ? `UTC${ahead < 0 ? "−" : "+"}${pad(Math.floor(Math.abs(ahead) / 60))}:${pad(Math.abs(ahead) % 60)}` : "UTC";
  };
  const local = (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(date)}:${pad(date.getSeconds())}`;

  // <f-time ms="…" ago="…">: local time with its zone, or how long ago; the moment in local time and UTC when pointed at.
  class Moment extends HTMLElement {
    static observedAttributes = ["ms", "ago", "shape"];
    connectedCallback() { this.render(); }
    attributeChangedCallback() { this.render(); }
    render() {
      const date = new Date(Number(this.getAttribute("ms")));
      if (Number.isNaN(date.getTime())) return;
      const ago = this.getAttribute("ago");
      const shape = this.getAttribute("shape");
      const small = Object.assign(document.createElement("small"), { textContent: zone(date) });
      if (ago) this.textContent = ago;
      else this.replaceChildren(`${shape === "clock" ? `${day(date)} ${clock(date)}` : local(date)} `, small);
      this.title = ago ? `${local(date)} ${zone(date)}\n${utc(date)}` : utc(date);
    }
  }
  customElements.define("f-time", Moment);

  // Numbers with the prefix that makes them readable.
  const quantity = (value, unit) => {
    if (value === null || value === undefined) return "no data";
    const large = ["W", "var", "VA", "Wh", "varh"].includes(unit) && Math.abs(value) >= 1000;
    const shown = large ? value / 1000 : value;
    const digits = large ? 2 : unit === "V" ? 1 : 0;
    return `${shown.toFixed(digits)}\u202f${large ? "k" : ""}${unit}`;
  };

  window.ferraris = {
    quantity,
    hour: (ms) => clock(new Date(Number(ms))),
    axisTime: (ms) => {
      const date = new Date(Number(ms));
      return date.getHours() === 0 && date.getMinutes() === 0 ? `{day|${day(date)}}` : clock(date);
    },
    span: (fromMs, toMs) => `${day(new Date(fromMs))} ${clock(new Date(fromMs))} – ${clock(new Date(toMs))} ${zone(new Date(toMs))}`,
    hourTip: (points) => {
      const [stored, missing, pending] = points.map((point) => point.data);
      const start = Number(points[0].name);
      const total = stored + missing + pending;
      const lines = [`${stored} of ${total} intervals stored`];
      if (missing) lines.push(`<b>${missing} missing</b>`);
      if (pending) lines.push(`${pending} not due yet`);
      return [`<b>${ferraris.span(start, start + 3600000)}</b>`, ...lines].join("<br>");
    },
    seriesTip: (unit, periodMs) => (points) => {
      const shown = points.filter((point) => !point.seriesName.startsWith("_"));
      if (!shown.length) return "";
      const end = shown[0].data[0];
      const lines = shown.map((point) => `${point.marker}${point.seriesName}: <b>${quantity(point.data[1], unit)}</b>`);
      const note = shown[0].data[2] ? `<br><i>${shown[0].data[2]}</i>` : "";
      return `${ferraris.span(end - periodMs, end)}<br>${lines.join("<br>")}${note}`;
    },
  };

  // A button with data-confirm asks first, and does then what it would have done at once.
  const done = (button) => {
    const form = button.type === "submit" ? button.form : null;
    const sent = form ? fields(form) : { act: button.dataset.act, subject: button.dataset.subject || "" };
    return () => emitEvent(form ? "form" : "act", sent);
  };
  const part = (name, text, classes = "") => Object.assign(document.createElement(name), { textContent: text, className: classes });
  const ask = (button) => {
    const dialog = part("dialog", "", "dialog");
    const act = done(button);
    const go = part("button", button.textContent.replace(/ …$/, ""), `button ${button.classList.contains("danger") ? "danger solid" : "primary"}`);
    const cancel = part("button", "Cancel", "button");
    const ends = part("div", "", "ends");
    go.addEventListener("click", () => { if (dialog.open) { dialog.close(); act(); } });
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    ends.append(cancel, go);
    dialog.append(part("h2", button.dataset.confirm), part("p", button.dataset.warning || ""), ends);
    document.body.append(dialog);
    dialog.showModal();
    cancel.focus();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-confirm]");
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (button.type !== "submit" || button.form.reportValidity()) ask(button);
  }, true);

  const modified = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0;

  // A link with data-live changes the page in place and leaves its address in the history.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-live]");
    if (link && !modified(event)) {
      event.preventDefault();
      history.pushState({}, "", link.href);
      emitEvent("place", link.search);
      return;
    }
    const button = event.target.closest("[data-act]");
    if (button) {
      button.setAttribute("aria-busy", "true");
      setTimeout(() => button.removeAttribute("aria-busy"), 1500);
      emitEvent("act", { act: button.dataset.act, subject: button.dataset.subject || "" });
      return;
    }
    const row = event.target.closest("tr[data-href]");
    if (row && !event.target.closest("a,button") && !String(getSelection())) {
      if (modified(event)) open(row.dataset.href);
      else location.href = row.dataset.href;
    }
  });
  window.addEventListener("popstate", () => emitEvent("place", location.search));

  // "/" goes to the search field, Escape leaves it.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input,textarea,select,[contenteditable]");
    const search = document.querySelector("[data-search]");
    if (event.key === "/" && !typing && search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && typing) {
      event.target.blur();
    }
  });

  // What one has opened, and what one has narrowed a list to, outlast a refresh.
  let narrowed = "";
  const narrow = (field) => {
    const wanted = field.value.trim().toLowerCase();
    document.querySelectorAll(field.dataset.narrow).forEach((item) => {
      item.hidden = wanted !== "" && !item.dataset.words.toLowerCase().includes(wanted);
    });
  };
  const opened = new Set();
  document.addEventListener("toggle", (event) => {
    const { id, open } = event.target;
    if (id && event.target.isConnected) open ? opened.add(id) : opened.delete(id);
  }, true);
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver((changes) => {
      if (!changes.some((change) => [...change.addedNodes].some((node) => node.querySelector?.("details[id]")))) return;
      opened.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
      document.querySelectorAll("[data-narrow]").forEach((field) => {
        if (field !== document.activeElement) field.value = narrowed;
        narrow(field);
      });
    }).observe(document.body, { childList: true, subtree: true });
  });

  // A form with data-form tells its fields: as "form" when it is sent, as "typing" a moment after the last key.
  const fields = (form) => ({ form: form.dataset.form, fields: Object.fromEntries(new FormData(form)) });
  let typed;
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-form]")) return;
    event.preventDefault();
    clearTimeout(typed);
    const sent = fields(event.target);
    if (sent.form === "sign-on") localStorage.setItem("ferraris.who", JSON.stringify(sent.fields));
    emitEvent("form", sent);
  });
  const typing = (form) => {
    clearTimeout(typed);
    typed = setTimeout(() => form.isConnected && emitEvent("typing", fields(form)), 220);
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-fill],[data-copy],[data-print]");
    if (!button) return;
    const { fill, value, copy } = button.dataset;
    if (fill) {
      const form = button.closest("form");
      form.elements[fill].value = value;
      typing(form);
    } else if (copy) {
      await navigator.clipboard.writeText(copy);
      const name = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = name; }, 1500);
    } else {
      window.print();
    }
  });

  // Who has signed on at this browser, told to pages of the till as soon as they live.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-act='sign-off']")) localStorage.removeItem("ferraris.who");
  }, true);
  const tellWho = () => {
    if (!window.socket?.connected) setTimeout(tellWho, 50);
    else if (localStorage.getItem("ferraris.who")) emitEvent("who", JSON.parse(localStorage.getItem("ferraris.who")));
  };
  if (location.pathname.startsWith("/till")) tellWho();

  // On the list of meters the search works as one types.
  let waiting;
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.matches("[data-search]") && location.pathname === "/meters") {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const query = new URLSearchParams(location.search);
        field.value.trim() ? query.set("q", field.value.trim()) : query.delete("q");
        query.delete("page");
        history.replaceState({}, "", query.size ? `?${query}` : location.pathname);
        emitEvent("place", location.search);
      }, 180);
    } else if (field.form?.matches("form[data-form][data-live]")) {
      typing(field.form);
    } else if (field.matches("[data-narrow]")) {
      narrowed = field.value;
      narrow(field);
    }
  });
})();
