// Runs line by line, updated in place: what is focused, pressed or being renamed stays while numbers change.
const tables = new WeakMap()
const DASHES = { solid: "", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3" }

// Which run is in front and whose curves are hidden, for the charts too (chart.js): for as long as the page is open.
const focus = () => (window.vitcoreFocus ??= { front: null, hidden: new Set() })
const changed = () => window.dispatchEvent(new Event("vitcore-focus"))

const make = (tag, className, parent) => {
  const element = document.createElement(tag)
  if (className) element.className = className
  parent?.append(element)
  return element
}
const write = (element, text) => element.textContent === text || (element.textContent = text)

export default function ({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector(".vitcore-runs")
  const known = tables.get(parentElement) ?? begin(host, parentElement)
  known.send = pressed => setTriggerValue("pressed", pressed)
  known.data = data
  known.draw()
  return () => {
    window.removeEventListener("vitcore-focus", known.draw)
    tables.delete(parentElement)
    host.replaceChildren()
  }
}

function begin(host, parentElement) {
  const table = make("table", "", host)
  const one = { lines: new Map(), head: make("tr", "", make("thead", "", table)), body: make("tbody", "", table) }
  one.draw = () => draw(one)
  window.addEventListener("vitcore-focus", one.draw)
  tables.set(parentElement, one)
  return one
}

function draw(one) {
  const { columns, rows } = one.data
  const heads = [{ name: "name", label: "Run", of: "" }, ...columns, { name: "ways", label: "", of: "" }]
  const written = JSON.stringify(heads)
  if (one.written !== written) {
    one.written = written
    one.head.replaceChildren(...heads.map(head))
    one.all = everyCurve(one)
    one.lines.clear()
    one.body.replaceChildren()
  }
  const ids = new Set(rows.map(row => row.id))
  const drawn = rows.filter(row => row.color)
  one.all.hidden = drawn.length < 2
  write(one.all, drawn.some(row => !focus().hidden.has(row.id)) ? "Hide all" : "Show all")
  for (const [id, line] of one.lines) if (!ids.has(id)) { line.remove(); one.lines.delete(id) }
  rows.forEach((row, place) => {
    let line = one.lines.get(row.id)
    if (!line) one.lines.set(row.id, (line = begun(one, row.id, columns)))
    if (one.body.children[place] !== line) one.body.insertBefore(line, one.body.children[place] ?? null)
    fill(line, row, columns, one)
  })
}

function head({ name, label, of }) {
  const cell = make("th", numeric(name) ? "number" : "")
  cell.scope = "col"
  cell.dataset.name = name
  cell.append(label)
  if (of) make("small", "", cell).textContent = of.replace(", ", ",\n") // a column is no wider than its numbers ask for
  return cell
}

// In the first column's head: no curve at all, from which two are soon chosen among twelve, or every curve.
function everyCurve(one) {
  const button = make("button", "all", one.head.firstChild)
  button.type = "button"
  button.onclick = () => {
    const ids = one.data.rows.filter(row => row.color).map(row => row.id)
    const { hidden } = focus()
    const hide = ids.some(id => !hidden.has(id))
    ids.forEach(id => (hide ? hidden.add(id) : hidden.delete(id)))
    changed()
  }
  return button
}

const numeric = name => !["name", "status", "epoch", "device", "ways"].includes(name)

function begun(one, id, columns) {
  const line = make("tr")
  line.dataset.run = id
  const first = make("td", "", line)
  const who = make("div", "who", first)
  const chip = make("button", "chip", who)
  chip.type = "button"
  chip.title = "Hide or show its curves"
  chip.onclick = event => {
    event.stopPropagation()
    const { hidden } = focus()
    hidden.has(id) ? hidden.delete(id) : hidden.add(id)
    changed()
  }
  const name = make("button", "name", who)
  name.type = "button"
  make("span", "", make("div", "why", first))
  for (const column of columns) {
    const cell = make("td", numeric(column.name) ? "number" : "", line)
    cell.dataset.name = column.name
    cell.dataset.label = column.label
    if (column.name === "status") make("span", "status", cell)
    if (column.name === "device") { make("span", "", cell); make("small", "", cell) }
    if (column.name === "epoch") { make("span", "", cell); make("div", "bar", cell).append(document.createElement("i")) }
  }
  make("td", "ways", line)
  line.onclick = () => {
    if (!line.querySelector(".chip svg") || String(getSelection())) return
    const now = focus()
    now.front = now.front === id ? null : id
    changed()
  }
  return line
}

function fill(line, row, columns, one) {
  const { front, hidden } = focus()
  line.className = front === row.id ? "front" : ""
  const chip = line.querySelector(".chip")
  const sign = `${row.color}:${row.dash}`
  if (chip.dataset.sign !== sign) {
    chip.dataset.sign = sign
    chip.hidden = !row.color
    chip.replaceChildren(...(row.color ? [stroke(row)] : []))
  }
  chip.setAttribute("aria-pressed", hidden.has(row.id))
  chip.setAttribute("aria-label", `Hide the curves of ${row.name}`)
  const name = line.querySelector(".name")
  if (name) {
    write(name, row.name)
    name.title = row.name
    name.setAttribute("aria-pressed", front === row.id)
  }
  const why = line.querySelector(".why")
  write(why.firstChild, row.why)
  why.title = row.why
  why.hidden = !row.why
  for (const column of columns) {
    const cell = line.querySelector(`td[data-name="${column.name}"]`)
    const text = row.cells[column.name]
    cell.classList.toggle("none", text === "–" || text === "")
    if (column.name === "status") {
      const badge = cell.firstChild
      write(badge, text)
      badge.style.setProperty("--shade", `var(--st-${row.shade}-color)`)
    } else if (column.name === "epoch") {
      const [words, bar] = cell.children
      write(words, text)
      bar.hidden = row.progress === null
      bar.firstChild.style.width = `${100 * (row.progress ?? 0)}%`
    } else if (column.name === "device") {
      const [device, host] = cell.children
      write(device, text)
      write(host, row.host)
      host.title = row.host
    } else write(cell, text)
  }
  ways(line, row, one)
}

function stroke({ color, dash }) {
  const space = "http://www.w3.org/2000/svg"
  const svg = document.createElementNS(space, "svg")
  for (const [name, value] of Object.entries({ width: 28, height: 12, viewBox: "0 0 28 12" })) svg.setAttribute(name, value)
  const path = svg.appendChild(document.createElementNS(space, "line"))
  const drawn = { x1: 1, x2: 27, y1: 6, y2: 6, stroke: color, "stroke-width": 3.5, "stroke-dasharray": DASHES[dash] }
  for (const [name, value] of Object.entries(drawn)) path.setAttribute(name, value)
  return svg
}

function ways(line, row, one) {
  const cell = line.querySelector(".ways")
  const wanted = Object.entries({ ...row.ways, ...(row.color && { color: "Color" }), rename: "Rename" })
  const sign = JSON.stringify(wanted)
  if (cell.dataset.sign === sign || cell.dataset.sign === "palette") return
  cell.dataset.sign = sign
  cell.replaceChildren(...wanted.map(([way, words]) => {
    const button = make("button")
    button.type = "button"
    button.dataset.way = way
    if (way === "color") {
      button.className = "swatch palette"
      button.title = "Choose its color"
      const part = 100 / one.data.palette.length
      button.style.setProperty("--palette", one.data.palette.map(({ color }, at) => `${color} ${at * part}% ${(at + 1) * part}%`).join(", "))
    } else button.textContent = words
    button.setAttribute("aria-label", `${words} ${row.name}`)
    button.onclick = event => {
      event.stopPropagation()
      const own = { rename, color: recolor }[way]
      own ? own(line, row.id, one) : one.send({ id: row.id, way })
    }
    return button
  }))
}

// The palette in place of the ways: a press on a color gives it, "Automatic" leaves it to the pages, Escape changes nothing.
function recolor(line, id, one) {
  const cell = line.querySelector(".ways")
  const end = () => (cell.dataset.sign = "") || one.draw()
  const choices = [...one.data.palette.map(({ name, color }, place) => ({ name, color, place })), { name: "Automatic", place: null }]
  cell.dataset.sign = "palette"
  cell.replaceChildren(...choices.map(({ name, color, place }) => {
    const button = make("button", color ? "swatch" : "")
    button.type = "button"
    button.title = name
    button.setAttribute("aria-label", color ? `${name} for this run` : "Automatic color for this run")
    color ? button.style.setProperty("--swatch", color) : button.append("Auto")
    button.onclick = event => {
      event.stopPropagation()
      one.send({ id, way: "color", place })
      end()
    }
    button.onkeydown = event => {
      if (event.key === "Escape") end()
    }
    return button
  }))
  cell.firstChild.focus()
}

// The name becomes a field: Enter gives it, Escape or leaving it changes nothing.
function rename(line, id, one) {
  const name = line.querySelector(".name")
  if (!name) return
  const field = document.createElement("input")
  field.className = "rename"
  field.value = name.textContent
  field.maxLength = 200
  field.setAttribute("aria-label", "New name; empty: the one made from its options")
  field.onclick = event => event.stopPropagation()
  let over = false // leaving the field is told while it is taken away, too
  const end = () => {
    if (over) return
    over = true
    field.replaceWith(name)
  }
  field.onkeydown = event => {
    if (event.key === "Enter") {
      const text = field.value
      end()
      if (text !== name.textContent) one.send({ id, way: "rename", name: text })
    }
    if (event.key === "Escape") end()
  }
  field.onblur = end
  name.replaceWith(field)
  field.focus()
  field.select()
}
