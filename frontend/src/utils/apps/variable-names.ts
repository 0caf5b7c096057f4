/** Why a variable cannot have this name. The server knows more names that it refuses. */
export function nameProblem(name: string, others: string[] = []): string | undefined {
  if (name === '') return 'Enter a name'
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'Use letters (A-Z), digits and "_", and no digit at the start'
  if (others.includes(name)) return 'This name is used twice'
  return undefined
}
