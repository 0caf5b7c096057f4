/** Long enough for a slow network. A node waits for this before it has joined. */
const withinMs = 2_000

/** Whether the node with this id answers at a URL. It gets no credentials, and confirms an id only to who knows it. */
export async function answersById(url: string, id: string): Promise<boolean> {
  const options = { headers: { 'x-node-id': id }, redirect: 'manual', signal: AbortSignal.timeout(withinMs) } as const
  try {
    const answer = await fetch(`${url}/api/health`, options)
    await answer.body?.cancel()
    return answer.ok && answer.headers.get('x-node-id') === id
  } catch {
    return false
  }
}
