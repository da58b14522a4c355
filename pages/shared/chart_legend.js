// A chart's legend: buttons above the plot, which take no room from its curves, and which a keyboard reaches.

// What stands in it: each trace that Plotly would name there, unless it is the only one.
function entries({ data, layout }) {
  if (layout.showlegend === false) return []
  const named = data.filter(trace => trace.showlegend !== false && !["heatmap", "parcoords"].includes(trace.type))
  return named.length > 1 || layout.showlegend ? named : []
}

const keyOf = trace => trace.legendgroup ?? trace.uid ?? trace.name

const unhidden = (trace, one) => (one.hidden.has(keyOf(trace)) ? { ...trace, visible: false } : trace)

function legend(one, named) {
  const found = JSON.stringify(named.map(trace => [keyOf(trace), trace.name, trace.line, trace.marker?.symbol, trace.marker?.color]))
  if (one.named !== found || one.names.childElementCount !== named.length) one.names.replaceChildren(...named.map(trace => entry(one, trace, named)))
  one.named = found
  for (const item of one.names.children) item.firstChild.setAttribute("aria-pressed", !one.hidden.has(item.dataset.key))
}

// A press hides what it names and shows it again; two in a row show it alone, or all.
function entry(one, trace, named) {
  const item = document.createElement("li")
  item.dataset.key = keyOf(trace)
  const button = item.appendChild(document.createElement("button"))
  button.type = "button"
  button.append(sign(trace), unescaped(trace.name ?? ""))
  button.onclick = () => {
    if (!one.hidden.delete(item.dataset.key)) one.hidden.add(item.dataset.key)
    one.again()
  }
  button.ondblclick = () => {
    const others = named.map(keyOf).filter(key => key !== item.dataset.key)
    const alone = others.every(key => one.hidden.has(key))
    one.hidden = new Set(alone ? [] : others)
    one.again()
  }
  return item
}

const DRAWN = { circle: "●", square: "■", diamond: "◆", "triangle-up": "▲", cross: "✚", star: "★" }
const HOLLOW = { circle: "○", square: "□", diamond: "◇", "triangle-up": "△", cross: "✛", star: "☆" }

// The line as it is drawn, or the mark.
function sign(trace) {
  const made = document.createElement("i")
  made.ariaHidden = "true"
  const lined = trace.type !== "bar" && (trace.mode ?? "lines").includes("lines")
  made.style.color = (lined ? trace.line?.color : null) ?? [trace.marker?.color ?? "currentColor"].flat()[0]
  if (lined) made.style.borderTopStyle = { solid: "solid", dot: "dotted" }[trace.line?.dash ?? "solid"] ?? "dashed"
  const symbol = String(trace.marker?.symbol ?? (trace.type === "bar" ? "square" : "circle"))
  if (!lined) made.textContent = (symbol.endsWith("-open") || trace.marker?.pattern?.shape ? HOLLOW : DRAWN)[symbol.replace("-open", "")] ?? "●"
  made.className = lined ? "line" : "mark"
  return made
}
