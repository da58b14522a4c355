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
  const host = figure.appendChild(document.createElement("div"))
  host.className = "vitcore-chart"
  wall.append(figure)
  const watcher = new ResizeObserver(() => one.drawn && window.Plotly.Plots.resize(host))
  watcher.observe(host)
  const one = { host, wanted: null, busy: false, drawn: false }
  one.want = wanted => {
    caption.textContent = wanted.title
    host.dataset.key = wanted.key
    // A figure that needs room for its axes is scrolled sideways on a narrow screen, not squeezed.
    const { least_width: least, square } = wanted.figure?.layout.meta ?? {}
    const height = square && host.clientWidth ? Math.min(wanted.height, host.clientWidth) : wanted.height
    host.style.height = `${height}px`
    host.style.minWidth = least ? `${least}px` : ""
    figure.style.overflowX = least ? "auto" : ""
    one.wanted = { ...wanted, height }
    draw(one, host)
  }
  one.remove = () => {
    watcher.disconnect()
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
      if (!figure) {
        Plotly.purge(host)
        one.drawn = false
        host.textContent = instead ?? ""
        host.dataset.points = 0
        continue
      }
      if (!one.drawn) host.textContent = ""
      const traces = figure.data.map(trace => colored(trace, host))
      await Plotly.react(host, traces, themed(figure.layout, host, height), settings(name))
      if (!one.drawn) host.on("plotly_click", event => one.pick(event.points[0].pointNumber))
      one.drawn = true
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

function themed(layout, host, height) {
  const ink = token(host, "--st-text-color")
  const paper = token(host, "--st-background-color")
  const rule = token(host, "--st-border-color")
  const family = token(host, "--st-font")
  const themed = { ...layout, height, autosize: true, font: { ...layout.font, color: ink, family, size: 13 } }
  delete themed.width
  themed.hoverlabel = { ...layout.hoverlabel, bgcolor: paper, bordercolor: rule, font: { color: ink, family, size: 13 } }
  themed.modebar = { bgcolor: "rgba(0,0,0,0)", color: token(host, "--st-gray-color"), activecolor: ink, orientation: "v" }
  for (const key of Object.keys(layout).filter(key => /^[xy]axis\d*$/.test(key)))
    themed[key] = { ...layout[key], gridcolor: rule, zerolinecolor: rule, linecolor: rule }
  if (host.clientWidth < 480) themed.legend = { ...layout.legend, font: { size: 11 } }
  return themed
}

// Made once a name: where a button's function is another than before, Plotly draws anew and forgets zoom and hidden curves.
const settled = new Map()

function settings(name) {
  if (!settled.has(name)) settled.set(name, buttons(name))
  return settled.get(name)
}

function buttons(name) {
  const save = (format, label) => ({
    name: `save-${format}`,
    title: `Save as ${label}`,
    icon: window.Plotly.Icons.camera,
    click: chart => {
      const layout = { ...chart.layout, paper_bgcolor: token(chart, "--st-background-color") }
      const size = { width: chart.clientWidth, height: chart.clientHeight }
      window.Plotly.downloadImage({ data: chart.data, layout }, { format, filename: name, scale: 2, ...size })
    },
  })
  return {
    displaylogo: false,
    responsive: false,
    scrollZoom: false,
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"], [save("png", "PNG"), save("svg", "SVG")]],
  }
}
