// Runs in a network namespace, opens sockets there and passes them to the test. A socket stays in the namespace it was opened in.
import { connect, createServer, type Server, type Socket } from 'node:net'

export type AgentRequest = { id: number; kind: 'listen' | 'connect'; host: string; port: number }
export type AgentAnswer = { id: number; error?: string }

const refuse = (id: number, error: Error): void => void process.send?.({ id, error: error.message } satisfies AgentAnswer)

/** @param sent called when the test has the socket, or cannot get it */
const pass = (id: number, socket: Server | Socket, sent: () => void): void =>
  void process.send?.({ id } satisfies AgentAnswer, socket, {}, sent)

process.on('message', ({ id, kind, host, port }: AgentRequest) => {
  if (kind === 'listen') {
    const server = createServer().once('error', (error) => refuse(id, error))
    // The test has the socket now. If both kept it open, each would get some of the connections.
    server.listen(port, host, () => pass(id, server, () => server.close()))
  } else {
    const socket = connect(port, host).pause()
    socket.once('error', (error) => refuse(id, error))
    socket.once('connect', () => pass(id, socket, () => undefined))
  }
})
process.once('disconnect', () => process.exit(0))
