// Tells the server whether the window is narrow: where that is not what it knows, and whenever it changes.
const watched = new WeakMap()

export default function ({ parentElement, data, setStateValue }) {
  watched.get(parentElement)?.()
  const narrow = window.matchMedia(`(max-width: ${data.width}px)`)
  const tell = () => narrow.matches !== data.narrow && setStateValue("narrow", narrow.matches)
  narrow.addEventListener("change", tell)
  watched.set(parentElement, () => narrow.removeEventListener("change", tell))
  tell()
  return () => watched.get(parentElement)?.()
}
