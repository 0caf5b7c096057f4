import { createServer } from 'node:http'

// The minimum that a start can cost: Node, one TypeScript file, one listening server. SERVER_ADDRESS is [host]:port.

const [host, port] = (process.env['SERVER_ADDRESS'] ?? '').split(':')
createServer((_request, response) => response.end('{}')).listen(Number(port), host)
