"use strict";

// The values of a custom entry. What counts is the text field, with one value a line; a type whose values have parts that
// one can name is filled in part by part instead, and any other shows an example of its own.
(() => {
  const text = document.getElementById("id_values");
  const type = document.getElementById("id_type");
  if (!text || !type) return;
  const help = document.getElementById("id_values_helptext");
  const label = document.querySelector("label[for=id_values]");
  const { parts: forms, hints, single } = JSON.parse(text.dataset.types);
  const form = document.createElement("div");
  const rows = document.createElement("div");
  const add = makeButton("Add a value", () => addRow([]).querySelector("input").focus());
  form.className = "value-form";
  add.className = "small-button";
  form.append(rows, add);
  text.after(form);
  type.addEventListener("change", show);
  show();

  function show() {
    const parts = forms[type.value];
    rows.replaceChildren();
    text.hidden = Boolean(parts);
    form.hidden = !parts;
    add.hidden = single.includes(type.value);
    if (help && hints[type.value]) {
      const several = parts || single.includes(type.value) ? "" : "One per line: ";
      help.textContent = `${several}${hints[type.value]}.`;
    }
    if (label) label.htmlFor = parts ? "id_value_0_0" : "id_values";
    if (parts) {
      const lines = text.value.split("\n").filter((line) => line.trim());
      (lines.length ? lines : [""]).forEach((line) => addRow(splitLine(line, parts.length)));
    }
  }

  function splitLine(line, count) {
    if (count === 1) return [line.replace(/\r$/, "")];
    const words = line.trim().split(/\s+/);
    return [...words.slice(0, count - 1), words.slice(count - 1).join(" ")];
  }

  function addRow(values) {
    const number = rows.children.length;
    const row = document.createElement("div");
    row.className = "value-row";
    forms[type.value].forEach(([name, example], part) => {
      const field = document.createElement("label");
      const input = document.createElement("input");
      field.append(name, input);
      input.type = "text";
      input.id = `id_value_${number}_${part}`;
      input.value = values[part] ?? "";
      input.placeholder = example;
      input.spellcheck = false;
      input.autocapitalize = "none";
      input.className = example.length > 8 ? "long-part" : "short-part";
      input.setAttribute("aria-label", `${name} of value ${number + 1}`);
      input.addEventListener("input", store);
      row.append(field);
    });
    const remove = makeButton("Remove", () => {
      row.remove();
      store();
      if (!rows.children.length) addRow([]);
    });
    remove.className = "small-button";
    remove.setAttribute("aria-label", `Remove value ${number + 1}`);
    row.append(remove);
    rows.append(row);
    return row;
  }

  function store() {
    const lines = [...rows.children].map((row) => [...row.querySelectorAll("input")].map((input) => input.value));
    const said = lines.filter((values) => values.some((value) => value.trim()));
    text.value = said.map((values) => (values.length === 1 ? values[0] : values.map((v) => v.trim()).join(" "))).join("\n");
  }

  function makeButton(words, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.addEventListener("click", act);
    return button;
  }
})();
