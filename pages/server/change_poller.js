// One watcher a pulse: it asks the server for two short marks, and runs the page's script only where they tell of more.
const watchers = new WeakMap()

class Watcher {
  seen = {} // the marks that the page was last drawn for
  drawn = -Infinity
  asking = false

  constructor(element) {
    this.element = element
  }

  told(data, send) {
    if (data.address !== this.data?.address) this.drawn = -Infinity // other runs: what is seen of them is not known
    const pace = this.data?.every
    this.data = data
    this.send = send
    if (pace === data.every) return
    clearInterval(this.timer)
    this.timer = setInterval(() => this.ask(), data.every * 1000)
  }

  async ask() {
    if (document.hidden || this.asking) return
    this.asking = true
    try {
      const answer = await fetch(new URL(this.data.address, document.baseURI))
      this.weigh(answer.ok ? await answer.json() : this.seen)
    } catch {
      // the server is away, as Streamlit says by itself
    } finally {
      this.asking = false
    }
  }

  weigh(marks) {
    const { soon, later, rest } = this.data
    const now = performance.now()
    const since = (now - this.drawn) / 1000
    const due = marks.soon !== this.seen.soon ? soon : marks.later !== this.seen.later ? later : rest
    if (since < due || !watchers.has(this.element)) return
    this.seen = marks
    this.drawn = now
    this.send("beat", Date.now())
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  const known = watchers.get(parentElement)
  if (known) {
    known.told(data, setTriggerValue)
    return
  }
  const watcher = new Watcher(parentElement)
  watcher.told(data, setTriggerValue)
  watchers.set(parentElement, watcher)
  const ask = () => watcher.ask()
  setTimeout(ask, 200) // what happened while the page was being built
  document.addEventListener("visibilitychange", ask)
  return () => {
    clearInterval(watcher.timer)
    document.removeEventListener("visibilitychange", ask)
    watchers.delete(parentElement)
  }
}
