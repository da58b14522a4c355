// A chart's numbers as a table, for who cannot see it or wants to read them; made when it is opened.

const ROWS = 500 // that are shown; the CSV has all

function tableTool(bar, one) {
  const button = bar.appendChild(document.createElement("button"))
  Object.assign(button, { type: "button", textContent: "Table", ariaExpanded: "false" })
  button.onclick = () => {
    const open = button.ariaExpanded === "false"
    button.ariaExpanded = String(open)
    one().table.hidden = !open
    tabled(one())
  }
}

// Of every line its point at each x where each has one, else a line a point.
function tabled(one) {
  if (one.table.hidden) return
  const lines = one.drawn ? side(one.host) ?? listing(one.host).map(line => line.map(cell => (typeof cell === "number" ? written(cell) : cell))) : []
  const table = document.createElement("table")
  lines.slice(0, ROWS + 1).forEach((line, at) => {
    const row = (at ? table.tBodies[0] ?? table.createTBody() : table.createTHead()).insertRow()
    line.forEach((text, place) => {
      const made = row.appendChild(document.createElement(at && place ? "td" : "th"))
      if (at === 0 || place === 0) made.scope = at ? "row" : "col"
      made.textContent = text ?? ""
    })
  })
  const more = lines.length - 1 - ROWS
  if (more > 0) table.createCaption().textContent = `The first ${ROWS} of ${(lines.length - 1).toLocaleString("en")} lines; the CSV has all.`
  one.table.replaceChildren(table)
}

function side(host) {
  const traces = (host._fullData ?? []).filter(trace => trace.visible === true && trace.hoverinfo !== "skip")
  const xs = traces.map(trace => listed(trace.x))
  if (!traces.length || traces.some(trace => trace.z || trace.dimensions || trace.orientation === "h")) return null
  if (xs.some(own => new Set(own).size < own.length)) return null
  const along = [...new Set(xs.flat())].sort((a, b) => (typeof a === "number" ? a - b : 0))
  const at = xs.map(own => new Map(own.map((x, place) => [x, place])))
  const value = (trace, place) => (place === undefined ? "" : trace.yaxis === "y2" ? trace.text[place] : written(trace.y[place], host._fullLayout.yaxis))
  const head = [host.layout.xaxis?.title?.text || host.layout.meta?.along || "x", ...traces.map(trace => unescaped(trace.name ?? ""))]
  return [head, ...along.map(x => [typeof x === "number" ? written(x) : x, ...traces.map((trace, place) => value(trace, at[place].get(x)))])]
}

const written = (value, axis = {}) => (typeof value !== "number" ? value : Number.isFinite(value) ? number(value, axis) : "")

// What a chart is, in a sentence.
function described({ figure, title }) {
  const { xaxis, yaxis, meta } = figure.layout
  const named = entries({ ...figure, layout: { ...figure.layout, showlegend: true } }).map(trace => unescaped(trace.name ?? ""))
  const of = [title || yaxis?.title?.text, xaxis?.title?.text || meta?.along].filter(Boolean).join(" over ")
  const list = named.filter(Boolean).slice(0, 12).join(", ")
  return `Chart${of ? `: ${of}` : ""}${list ? `; ${list}` : ""}. Its numbers stand in the table that its button Table opens.`
}
