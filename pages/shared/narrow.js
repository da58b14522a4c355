// Tells the server whether the window is narrow: where that is not what it knows, and whenever it changes.
const watched = new WeakMap()

export default function ({ parentElement, data, setStateValue }) {
  watched.get(parentElement)?.()
  const narrow = window.matchMedia(`(max-width: ${data.width}px)`)
  parentElement.querySelector("i").dataset.narrow = data.narrow // what the page is laid out for
  const tell = () => narrow.matches !== data.narrow && setStateValue("narrow", narrow.matches)
  narrow.addEventListener("change", tell)
  watched.set(parentElement, () => narrow.removeEventListener("change", tell))
  tell()
  return () => watched.get(parentElement)?.()
}
