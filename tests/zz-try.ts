import { imageBases } from './helpers/image-bases.ts'
console.time('bases')
console.log(await imageBases({ teardown: () => undefined } as any, 'shtest-ins'))
console.timeEnd('bases')
