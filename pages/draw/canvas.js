// A canvas of 280 x 280 points, shown larger or smaller, for a thick round brush: mouse, pen and touch; sends its strokes while they are drawn.
const SIDE = 280
const PAUSE = 90 // ms between two messages of an unfinished stroke
const canvases = new WeakMap()

export default function ({ parentElement, data, setStateValue }) {
  let one = canvases.get(parentElement)
  if (!one) {
    one = mount(parentElement, data)
    canvases.set(parentElement, one)
  }
  one.send = () => setStateValue("strokes", one.strokes)
  one.brush = data.brush
  if (data.revision !== one.revision) {
    one.revision = data.revision
    one.strokes = data.strokes.map(stroke => stroke.map(point => [...point]))
  }
  one.paint()
  return () => {
    clearTimeout(one.timer)
    canvases.delete(parentElement)
  }
}

function mount(root, data) {
  const canvas = root.querySelector("canvas")
  const [undo, clear] = root.querySelectorAll("button")
  const hint = root.querySelector(".hint")
  const one = { strokes: [], revision: null, brush: data.brush, timer: null, current: null, send: () => {} }

  one.paint = () => {
    const scale = window.devicePixelRatio || 1
    const side = (canvas.clientWidth || SIDE) * scale
    canvas.width = canvas.height = side
    const pen = canvas.getContext("2d")
    pen.scale(side / SIDE, side / SIDE)
    pen.strokeStyle = pen.fillStyle = getComputedStyle(canvas).color
    pen.lineWidth = one.brush
    pen.lineCap = pen.lineJoin = "round"
    for (const stroke of one.strokes) {
      pen.beginPath()
      stroke.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)))
      if (stroke.length === 1) pen.lineTo(stroke[0][0] + 0.01, stroke[0][1])
      pen.stroke()
    }
    const empty = one.strokes.length === 0
    undo.disabled = clear.disabled = empty
    hint.hidden = !empty
  }
  const later = () => {
    if (!one.timer) one.timer = setTimeout(() => { one.timer = null; one.send() }, PAUSE)
  }
  const now = () => {
    clearTimeout(one.timer)
    one.timer = null
    one.send()
  }
  const place = event => {
    const box = canvas.getBoundingClientRect()
    const limit = value => Math.round(Math.min(SIDE, Math.max(0, value)) * 10) / 10
    return [limit(((event.clientX - box.left) * SIDE) / box.width), limit(((event.clientY - box.top) * SIDE) / box.height)]
  }

  canvas.onpointerdown = event => {
    if (event.button !== 0 || one.current !== null) return
    event.preventDefault()
    canvas.setPointerCapture(event.pointerId)
    one.current = event.pointerId
    one.strokes.push([place(event)])
    one.paint()
    later()
  }
  canvas.onpointermove = event => {
    if (event.pointerId !== one.current) return
    const stroke = one.strokes[one.strokes.length - 1]
    for (const step of event.getCoalescedEvents?.() ?? [event]) stroke.push(place(step))
    one.paint()
    later()
  }
  canvas.onpointerup = canvas.onpointercancel = event => {
    if (event.pointerId !== one.current) return
    one.current = null
    now()
  }
  undo.onclick = () => {
    one.strokes.pop()
    one.paint()
    now()
  }
  clear.onclick = () => {
    one.strokes = []
    one.paint()
    now()
  }
  root.querySelector(".easel").onkeydown = event => {
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && one.strokes.length) undo.onclick()
  }
  return one
}
