// A Plotly figure that is updated in place (Plotly.react): zoom, hidden curves and hover stay; it follows the theme.
const charts = new WeakMap()

const library = () =>
  (window.vitcorePlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = new URL("assets/plotly.min.js", document.baseURI)
    script.onload = () => resolve(window.Plotly)
    script.onerror = () => {
      window.vitcorePlotly = undefined
      reject(new Error("plotly.js did not load"))
    }
    document.head.append(script)
  }))

export default function ({ parentElement, data, setTriggerValue }) {
  const wall = parentElement.querySelector(".vitcore-charts")
  const panels = charts.get(parentElement) ?? charts.set(parentElement, []).get(parentElement)
  while (panels.length > data.charts.length) panels.pop().remove()
  data.charts.forEach((wanted, place) => {
    const one = (panels[place] ??= panel(wall))
    one.pick = point => data.picks && setTriggerValue("picked", point)
    one.host.toggleAttribute("data-picks", data.picks)
    one.followed = Boolean(data.followed)
    one.selects = Boolean(data.selects)
    one.select = (runs, toggle) => setTriggerValue("selected", { runs, toggle })
    one.want(wanted)
  })
  return () => {
    charts.delete(parentElement)
    panels.forEach(one => one.remove())
  }
}

function panel(wall) {
  const figure = document.createElement("figure")
  const caption = figure.appendChild(document.createElement("figcaption"))
  const title = caption.appendChild(document.createElement("span"))
  const names = figure.appendChild(document.createElement("ul"))
  names.className = "legend"
  const host = figure.appendChild(document.createElement("div"))
  host.className = "vitcore-chart"
  host.role = "img"
  const table = figure.appendChild(document.createElement("div"))
  Object.assign(table, { className: "numbers", hidden: true, tabIndex: 0, role: "region", ariaLabel: "The chart's numbers" })
  const bar = caption.appendChild(tools(host, () => one))
  wall.append(figure)
  const watcher = new ResizeObserver(() => one.drawn && window.Plotly.Plots.resize(host))
  watcher.observe(host)
  const one = { host, names, table, wanted: null, last: null, busy: false, drawn: false, followed: false, selects: false, mode: "zoom", hidden: new Set() }
  one.again = () => {
    if (!one.last) return
    one.wanted ??= one.last
    draw(one, host)
  }
  const again = () => one.followed && one.again()
  window.addEventListener("vitcore-focus", again)
  one.want = wanted => {
    title.textContent = wanted.title
    host.dataset.key = wanted.key
    host.ariaLabel = wanted.figure ? described(wanted) : "A chart without data"
    // A figure that needs room for its axes is scrolled sideways on a narrow screen, not squeezed.
    const { least_width: least, square } = wanted.figure?.layout.meta ?? {}
    const height = square && host.clientWidth ? Math.min(wanted.height, host.clientWidth) : wanted.height
    host.style.height = `${height}px`
    host.style.minWidth = least ? `${least}px` : ""
    figure.style.overflowX = least ? "auto" : ""
    one.wanted = one.last = { ...wanted, height }
    shownModes(bar.firstChild, one)
    draw(one, host)
  }
  one.remove = () => {
    watcher.disconnect()
    window.removeEventListener("vitcore-focus", again)
    if (one.drawn) window.Plotly.purge(host)
    figure.remove()
  }
  return one
}

// Only the newest figure is drawn when several arrive while Plotly is at work.
async function draw(one, host) {
  if (one.busy) return
  one.busy = true
  try {
    const Plotly = await library()
    while (one.wanted) {
      const { figure, name, height, instead } = one.wanted
      one.wanted = null
      one.name = name
      if (!figure) {
        Plotly.purge(host)
        one.drawn = false
        host.textContent = instead ?? ""
        host.dataset.points = 0
        one.names.replaceChildren()
        tabled(one)
        continue
      }
      if (!one.drawn) host.textContent = ""
      if (one.revision !== figure.layout.uirevision) one.hidden.clear()
      one.revision = figure.layout.uirevision
      const named = entries(figure)
      const traces = figure.data.map(trace => (one.followed ? focused(trace) : unhidden(colored(trace, host), one)))
      const layout = themed(figure.layout, host, height, named.length > 0)
      if (one.selects) Object.assign(layout, { dragmode: one.mode, selectionrevision: Date.now() })
      await Plotly.react(host, traces, layout, settings)
      legend(one, named)
      if (!one.drawn) {
        host.on("plotly_click", event => one.pick(event.points[0].pointNumber))
        selecting(host, one)
        host.on("plotly_hover", event => one.followed && hovered(host, event))
        host.on("plotly_unhover", () => host.parentElement.querySelector(".vitcore-hover")?.remove())
      }
      one.drawn = true
      tabled(one)
      host.dataset.points = (host.calcdata ?? []).reduce((sum, points) => sum + points.length, 0)
    }
  } catch (error) {
    host.textContent = "The chart's library could not be loaded: reload the page."
    console.error(error)
  } finally {
    one.busy = false
  }
}

const token = (host, name) => getComputedStyle(host).getPropertyValue(name).trim()

// A matrix goes from the theme's panel color to its accent, so that an empty cell recedes on light and dark alike.
function colored(trace, host) {
  if (trace.type !== "heatmap" || trace.showscale !== false) return trace
  const scale = [[0, token(host, "--st-secondary-background-color")], [1, token(host, "--st-primary-color")]]
  return { ...trace, colorscale: scale }
}

// Plotly writes 50k and 1.5M: a number and its unit are set apart, as everywhere else.
const SPACED = Object.fromEntries(
  [..."kMGT"].flatMap(unit => Array.from({ length: 1998 }, (_, at) => (at < 999 ? at + 1 : (at - 998) / 10)).map(number => [`${number}${unit}`, `${number} ${unit}`])),
)

function themed(layout, host, height, named) {
  const ink = token(host, "--st-text-color")
  const paper = token(host, "--st-background-color")
  const rule = token(host, "--st-border-color")
  const family = token(host, "--st-font")
  const themed = { ...layout, height, autosize: true, font: { ...layout.font, color: ink, family, size: 13 } }
  delete themed.width
  themed.hoverlabel = { ...layout.hoverlabel, bgcolor: paper, bordercolor: rule, font: { color: ink, family, size: 13 } }
  for (const key of Object.keys(layout).filter(key => /^[xy]axis\d*$/.test(key)))
    themed[key] = { ...layout[key], gridcolor: rule, zerolinecolor: rule, linecolor: rule, ...(layout[key].tickformat === "~s" ? { labelalias: SPACED } : {}) }
  if (named) Object.assign(themed, { showlegend: false, margin: { ...layout.margin, t: Math.min(layout.margin?.t ?? 12, 12) } })
  return themed
}

// The run that the table of runs has in front is drawn over all others, and those hidden there are not.
function focused(trace) {
  const { front, hidden } = window.vitcoreFocus ?? { front: null, hidden: new Set() }
  const run = runOf(trace)
  const there = { ...trace, visible: !hidden.has(run), zorder: front === run ? 1 : 0 }
  if (trace.hoverinfo !== "skip") Object.assign(there, { hoverinfo: "none", hovertemplate: null })
  if (!front) return there
  if (front !== run) return { ...there, opacity: 0.15 }
  return trace.line?.width ? { ...there, line: { ...trace.line, width: trace.line.width + 1 } } : there
}

const runOf = trace => (trace.legendgroup ?? "").slice((trace.legendgroup ?? "").indexOf(":") + 1)

// All runs at one place, the highest first: a box beside the pointer, since Plotly's own would be cut off.
function hovered(host, event) {
  const runs = new Map()
  const [first] = event.points
  const there = point => point.data.hoverinfo !== "skip" && Math.abs(point.xaxis.c2p(point.x) - first.xaxis.c2p(first.x)) < 4
  for (const point of event.points.filter(there)) {
    const training = point.data.line?.dash === "dot" && point.data.name.endsWith(", training")
    const run = runs.get(runOf(point.data)) ?? runs.set(runOf(point.data), { high: -Infinity }).get(runOf(point.data))
    const text = point.text ?? number(point.y, point.yaxis)
    if (training) run.training = text
    else Object.assign(run, { name: unescaped(point.data.name), drawn: point.data, text })
    run.high = Math.max(run.high, point.data.yaxis === "y2" ? Infinity : point.y)
    run.name ??= unescaped(point.data.name)
    run.drawn ??= point.data
  }
  const box = document.createElement("div")
  box.className = "vitcore-hover"
  const add = (...texts) => texts.map(text => (box.appendChild(document.createElement("span")).textContent = text ?? ""))
  const both = [...runs.values()].some(run => run.training)
  box.style.gridTemplateColumns = `auto minmax(4rem, 1fr) auto${both ? " auto" : ""}`
  add("", `${host.layout.meta?.along ?? ""} ${Number(first.x).toLocaleString("en")}`.trim(), both ? "held out" : "", ...(both ? ["training"] : []))
  for (const run of [...runs.values()].sort((a, b) => b.high - a.high)) {
    const sign = box.appendChild(document.createElement("i"))
    sign.style.borderTopColor = run.drawn.line?.color ?? run.drawn.marker?.color
    sign.style.borderTopStyle = { solid: "solid", dot: "dotted" }[run.drawn.line?.dash ?? "solid"] ?? "dashed"
    add(run.name, run.text, ...(both ? [run.training] : []))
  }
  host.parentElement.querySelector(".vitcore-hover")?.remove()
  host.parentElement.append(box)
  const frame = host.parentElement.getBoundingClientRect()
  const x = event.event.clientX - frame.left
  const right = x < frame.width / 2 ? x + 16 : x - 16 - box.offsetWidth
  box.style.left = `${Math.max(0, Math.min(right, frame.width - box.offsetWidth))}px`
  box.style.top = `${host.offsetTop + 4}px`
}

const number = (value, axis) =>
  axis.hoverformat?.endsWith("%") ? `${(100 * value).toFixed(2)} %` : Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 8 })

// Names are written for Plotly, which reads tags: here they are text.
const unescaped = name =>
  name.replaceAll("%&#123;", "%{").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")

// What can be done to a chart stands in the line above it, never over a curve.
function tools(host, one) {
  const bar = document.createElement("span")
  bar.className = "tools"
  const button = (words, does, parent = bar) => {
    const made = parent.appendChild(document.createElement("button"))
    made.type = "button"
    made.textContent = words
    made.onclick = does
  }
  const choosing = bar.appendChild(document.createElement("span"))
  selectors(choosing, host, one)
  button("Reset", () => reset(host))
  tableTool(bar, one)
  const menu = bar.appendChild(document.createElement("details"))
  menu.appendChild(document.createElement("summary")).textContent = "Download"
  const list = menu.appendChild(document.createElement("div"))
  for (const format of ["png", "svg", "csv"])
    button(format.toUpperCase(), () => {
      menu.open = false
      format === "csv" ? saveTable(host, one().name) : savePicture(host, one(), format)
    }, list)
  // A listener, whose answer is nothing: as a property its "false" would take Tab and Enter from whoever has no pointer.
  menu.addEventListener("keydown", event => event.key === "Escape" && (menu.open = false))
  menu.addEventListener("focusout", event => menu.contains(event.relatedTarget) || (menu.open = false))
  return bar
}

function reset(host) {
  const axes = Object.keys(host.layout ?? {}).filter(key => /^[xy]axis\d*$/.test(key) && !host.layout[key].fixedrange)
  const wanted = axes.map(key => [`${key}.autorange`, host.layout[key].autorange === "reversed" ? "reversed" : true])
  if (wanted.length) window.Plotly.relayout(host, Object.fromEntries(wanted))
}

// The picture has its legend within, as it is to stand in a document by itself, and is as much higher.
function savePicture(host, one, format) {
  const { name, last } = one
  const above = one.names.childElementCount ? one.names.scrollHeight + 24 : 0
  const size = { width: host.clientWidth, height: host.clientHeight + above }
  const inside = above ? { showlegend: last.figure.layout.showlegend ?? true, margin: { ...host.layout.margin, t: above }, height: size.height } : {}
  const layout = { ...host.layout, ...inside, paper_bgcolor: token(host, "--st-background-color") }
  window.Plotly.downloadImage({ data: host.data, layout }, { format, filename: name, scale: 2, ...size })
}

// A line a point: the trace's name, where it stands and what it says; of a matrix a line a cell.
function listing(host) {
  const lines = [["series", "x", "y", "value"]]
  for (const trace of host._fullData ?? []) {
    const [x, y] = [listed(trace.x), listed(trace.y)]
    const label = unescaped(trace.name ?? "")
    if (trace.dimensions)
      trace.dimensions.forEach(axis => listed(axis.values).forEach((value, place) => lines.push([axis.label, place + 1, value, ""])))
    else if (trace.z) trace.z.forEach((row, up) => listed(row).forEach((value, across) => lines.push([label, x[across], y[up], value])))
    else if (trace.hoverinfo !== "skip" && trace.visible === true) x.forEach((value, place) => lines.push([label, value, y[place], ""]))
  }
  return lines
}

function saveTable(host, name) {
  const lines = listing(host)
  const text = lines.map(line => line.map(cell).join(",")).join("\r\n")
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }))
  link.download = `${name}.csv`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

const listed = values => Array.from(values ?? [])

// A text that a spreadsheet would compute is written as text.
function cell(value) {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : ""
  const text = String(value ?? "").replace(/^(?=\s*[=+\-@\t\r])/, "'")
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

// One for all: where settings are others than before, Plotly draws anew and forgets zoom and hidden curves.
const settings = { displaylogo: false, responsive: false, scrollZoom: false, displayModeBar: false }
