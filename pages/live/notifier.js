// Tells of runs that end while the page watches them, by the browser's own notification, where a person asked for it.
const KEY = "vitcore-notify" // of the browser's storage: "on", or nothing
const watched = new WeakMap()
const WHY = {
  unknown: "This browser shows no notifications at this address; they need https, or the app on this machine.",
  denied: "The browser has notifications blocked for this address; allow them in its settings, and switch this on again.",
  default: "The browser was not given leave to notify you; switch this on and allow it.",
}

class Watch {
  known = null // ids of the runs that had ended at the last look; null: not looked yet

  constructor(element) {
    this.box = element.querySelector("input")
    this.why = element.querySelector("[role=status]")
    this.box.checked = localStorage.getItem(KEY) === "on"
    this.box.onchange = () => this.switched()
    if (this.box.checked) this.allowed()
  }

  told({ address, every }) {
    if (address !== this.address) this.known = null // other runs: how they stand is not known
    this.address = address
    this.timer ??= setInterval(() => this.look(), every * 1000)
    this.look()
  }

  async switched() {
    if (this.box.checked && window.Notification?.permission === "default") await Notification.requestPermission()
    this.known = null // what has ended before is no news
    this.box.checked && this.allowed() ? localStorage.setItem(KEY, "on") : localStorage.removeItem(KEY)
    if (!this.box.checked) return
    await this.look()
  }

  // Whether the browser lets the page notify; where not, the switch goes back and a sentence says why.
  allowed() {
    const state = window.isSecureContext && window.Notification ? Notification.permission : "unknown"
    this.why.textContent = state === "granted" ? "" : WHY[state]
    this.box.checked = state === "granted"
    return this.box.checked
  }

  async look() {
    const { address } = this
    if (!this.box.checked || this.asking) return
    this.asking = true
    try {
      const answer = await fetch(new URL(address, document.baseURI))
      if (answer.ok && address === this.address) this.weigh((await answer.json()).ended)
    } catch {
      // the server is away, as Streamlit says by itself
    } finally {
      this.asking = false
    }
  }

  weigh(ended) {
    if (this.known) {
      for (const [id, body] of Object.entries(ended)) {
        if (!this.known.has(id)) new Notification("vitcore", { body, tag: id })
      }
    }
    this.known = new Set(Object.keys(ended))
    this.box.dataset.ended = this.known.size // which is no news from now on
  }
}

export default function ({ parentElement, data }) {
  let watch = watched.get(parentElement)
  if (!watch) watched.set(parentElement, (watch = new Watch(parentElement)))
  watch.told(data)
  return () => {
    clearInterval(watch.timer)
    watched.delete(parentElement)
  }
}
