// SPDX-License-Identifier: Apache-2.0
//
// What a page does (cli/page.cpp): shows the details of the row that is pointed at or chosen by
// keys. All it knows is the runner's account, which the page holds.
"use strict";
(() => {
  const account = JSON.parse(document.getElementById("account").textContent);
  const rows = [...document.querySelectorAll("g.row")];
  const details = document.getElementById("details");
  const here = rows.findIndex((row) => row.classList.contains("here"));
  let chosen = -1;

  const events = (names) =>
    names === null ? "-" : names.length === 0 ? "nothing"
      : names.map((name) => "POLL" + name.toUpperCase()).join(" and ");

  const add = (parent, name, text) => {
    const child = document.createElement(name);
    child.textContent = text;
    parent.appendChild(child);
    return child;
  };

  const list = (pairs) => {
    const terms = add(details, "dl", "");
    for (const [name, value] of pairs) {
      add(terms, "dt", name);
      add(terms, "dd", String(value));
    }
  };

  const answer = (each) => {
    const marks = (each.scripted ? ", scripted" : "") + (each.replaced ? ", replaced" : "");
    return each.answer + (each.bytes > 0 ? " " + each.bytes : "") + " (" + each.code + marks +
      "; errno " + each.errno + ")";
  };

  const call = (each, died) => {
    add(details, "h3", each.call + (each.asked === 0 ? "" : "(" + each.asked + ")"));
    const back = died ? [["returned", "never: " + account.died.kind]]
      : [["returned", each.returned], ["reported", each.report]];
    list([...each.answers.map((one) => ["mbedTLS", answer(one)]), ...back]);
  };

  const show = (index) => {
    const row = account.rows[index];
    details.replaceChildren();
    const place = row.settling ? "" : "op " + row.op + ": ";
    add(details, "h3", place + row.step);
    const pairs = [];
    if (account.rows.some((each) => each.connection !== 0)) {
      pairs.push(["connection", row.connection === 0 ? "A" : "B"]);
    }
    if (account.play.loop !== "none") {
      pairs.push(["poll returned", events(row.revents)],
        ["callback", row.writeable_given ? "writeable" : "-"],
        ["phase", row.phase]);
    }
    if (!row.played) {
      pairs.push(["played", "no: it means nothing here"]);
    }
    list(pairs);
    const died = account.died !== undefined && index === here;
    row.calls.forEach((each, at) => call(each, died && at + 1 === row.calls.length));
    if (died) {
      return;
    }
    const loop = [];
    if (account.play.loop !== "none") {
      loop.push(["interest", events(row.interest) + (row.at_once ? ", without waiting" : "")],
        ["required", events(row.required)],
        ["justified", events(row.justified)],
        ["waiting", row.waiting.length === 0 ? "nobody" : row.waiting.join(", ")]);
      // Of a real loop it is known where a turn sleeps, and that is where the turn begins.
      add(details, "h3", account.play.loop === "lws" ? "at its sleep" : "at the next sleep");
      list(loop);
    }
    add(details, "h3", "afterwards");
    list([...(account.play.loop === "none" ? [] : [["output", row.output_buffered]]),
      ["pending", row.pending], ["room", row.room === null ? "no limit" : row.room],
      ["sent", row.sent], ["received", row.received]]);
  };

  const choose = (index, move) => {
    if (index < 0 || index >= rows.length) {
      return;
    }
    if (chosen >= 0) {
      rows[chosen].classList.remove("chosen");
      rows[chosen].setAttribute("tabindex", "-1");
    }
    chosen = index;
    rows[chosen].classList.add("chosen");
    rows[chosen].setAttribute("tabindex", "0");
    show(chosen);
    if (move) {
      rows[chosen].focus({ preventScroll: true });
      rows[chosen].scrollIntoView({ block: "nearest" });
    }
  };

  const steps = {
    ArrowDown: () => chosen + 1,
    ArrowUp: () => chosen - 1,
    Home: () => 0,
    End: () => rows.length - 1,
    v: () => here,
  };
  document.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      choose(step(), true);
    }
  });
  rows.forEach((row, index) => {
    row.addEventListener("mouseenter", () => show(index));
    row.addEventListener("mouseleave", () => show(chosen));
    row.addEventListener("focus", () => choose(index, false));
    row.addEventListener("click", () => choose(index, true));
  });
  if (rows.length === 0) {
    add(details, "p", "There is no op: the connection is opened, and that is all.");
  }
  choose(here >= 0 ? here : 0, false);
})();
