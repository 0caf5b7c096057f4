/** A failure that the person at the terminal can mend: only its message is printed. */
export class SetupError extends Error {
  expected = true
}
