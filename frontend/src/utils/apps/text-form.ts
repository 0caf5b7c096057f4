/** What an editor would lose of a text, so that it is written back byte for byte. */
export interface TextForm {
  hasBom: boolean
  /** Every line ends with a carriage return and a line feed. */
  hasCrlf: boolean
}

const bom = '\uFEFF'

export function formOf(text: string): TextForm {
  const plain = text.replaceAll('\r\n', '')
  return { hasBom: text.startsWith(bom), hasCrlf: text.includes('\r\n') && !/[\r\n]/.test(plain) }
}

/** As an editor shows it. Where line endings are mixed, the carriage returns stay in the text. */
export function shownText(text: string): string {
  const { hasBom, hasCrlf } = formOf(text)
  const body = hasBom ? text.slice(1) : text
  return hasCrlf ? body.replaceAll('\r\n', '\n') : body
}

/** An edited text in the form of the original. */
export function storedText(shown: string, { hasBom, hasCrlf }: TextForm): string {
  return (hasBom ? bom : '') + (hasCrlf ? shown.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n') : shown)
}
