// Choosing runs in a chart: a click on one, a box or a lasso round several, the lines that a brush has left.

const MODES = { Box: "select", Lasso: "lasso" }

function selectors(bar, host, one) {
  for (const [words, mode] of Object.entries(MODES)) {
    const button = bar.appendChild(document.createElement("button"))
    Object.assign(button, { type: "button", textContent: words, hidden: true })
    button.onclick = () => {
      one().mode = one().mode === mode ? "zoom" : mode
      window.Plotly.relayout(host, { dragmode: one().mode })
      shownModes(bar, one())
    }
  }
  const brushed = bar.appendChild(document.createElement("button"))
  Object.assign(brushed, { type: "button", textContent: "Choose these lines", hidden: true })
  brushed.onclick = () => one().select(throughBrushes(host._fullData[0]), false)
}

function shownModes(bar, one) {
  const [box, lasso, brushed] = bar.children
  const lines = one.last?.figure?.data[0]?.type === "parcoords"
  for (const button of [box, lasso]) {
    button.hidden = !one.selects || lines
    button.setAttribute("aria-pressed", one.mode === MODES[button.textContent])
  }
  brushed.hidden = !one.selects || !lines
}

function selecting(host, one) {
  host.on("plotly_click", event => {
    const point = one.selects && nearest(host, event)
    if (point) one.select(runsOf(point.data, point.pointNumber), true)
  })
  host.on("plotly_selected", event => {
    if (!one.selects || !(event?.range || event?.lassoPoints)) return
    one.select(inside(host, event), false)
    window.Plotly.relayout(host, { selections: [] })
  })
}

// Where the pointer names every curve at its place, the one under it; none where it is on none.
const REACH = 16 // pixels
function nearest(host, { points, event }) {
  const top = host.querySelector(".nsewdrag").getBoundingClientRect().top
  const far = point => Math.abs(point.yaxis.d2p(point.y) + top - event.clientY)
  const [first] = points.filter(point => point.data.hoverinfo !== "skip").sort((a, b) => far(a) - far(b))
  return first && far(first) <= REACH ? first : null
}

// A curve is one run's, as its group says, or of all runs that it names; a point may be several runs'.
const runsOf = (trace, place) => trace.meta?.runs ?? [trace.customdata?.[place] ?? runOf(trace)].flat()

function inside(host, { range, lassoPoints }) {
  const { xaxis, yaxis } = host._fullLayout
  const outline = lassoPoints && lassoPoints.x.map((x, at) => [xaxis.d2l(x), yaxis.d2l(lassoPoints.y[at])])
  const between = (value, [a, b]) => value >= Math.min(a, b) && value <= Math.max(a, b)
  const within = (x, y) => (outline ? around(outline, xaxis.d2l(x), yaxis.d2l(y)) : between(x, range.x) && between(y, range.y))
  const found = new Set()
  for (const trace of host._fullData)
    if (trace.visible === true && trace.hoverinfo !== "skip" && trace.yaxis !== "y2")
      listed(trace.x).forEach((x, place) => within(x, trace.y[place]) && runsOf(trace, place).forEach(run => found.add(run)))
  return [...found]
}

// Whether a point lies within a polygon: a ray from it crosses its sides an odd number of times.
function around(outline, x, y) {
  let odd = false
  outline.forEach(([a, b], at) => {
    const [c, d] = outline[(at || outline.length) - 1]
    if (b > y !== d > y && x < ((c - a) * (y - b)) / (d - b) + a) odd = !odd
  })
  return odd
}

// The lines of parallel coordinates that pass where every axis was brushed.
function throughBrushes({ dimensions, meta }) {
  const passes = (value, ranges) => !ranges?.length || spans(ranges).some(([a, b]) => value >= a && value <= b)
  return meta.runs.filter((_, place) => dimensions.every(axis => passes(axis.values[place], axis.constraintrange)))
}

const spans = ranges => (Array.isArray(ranges[0]) ? ranges : [ranges])
