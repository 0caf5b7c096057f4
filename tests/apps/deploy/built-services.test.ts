import test from 'ava'
import { builtServices } from '../../../api/apps/deploy/built-services.ts'

const directory = '/apps/shop'
const built = (build: unknown, ...paths: string[]): string[] =>
  builtServices({ services: { web: { build }, db: { image: 'x' } } }, directory, paths)

test('a file in the context, in the way either Compose prints it', (t) => {
  for (const build of ['./site', 'site', '/apps/shop/site', { context: '/apps/shop/site' }, { context: 'site' }]) {
    t.deepEqual(built(build, 'site/page.html'), ['web'], JSON.stringify(build))
    t.deepEqual(built(build, 'site2/page.html', 'other.conf'), [], JSON.stringify(build))
  }
  t.deepEqual(built('.', '..hidden/page.html'), ['web'])
})

test('a Dockerfile or a further context elsewhere in the folder', (t) => {
  t.deepEqual(built({ context: '/apps/shop/site', dockerfile: '../docker/Dockerfile' }, 'docker/Dockerfile'), ['web'])
  t.deepEqual(built({ context: '/apps/shop/site', additional_contexts: { shared: './shared' } }, 'shared/a.txt'), ['web'])
})

test('nothing of a build from elsewhere, or of a file that is no model', (t) => {
  t.deepEqual(built('https://github.com/some/repository.git', 'site/page.html'), [])
  t.deepEqual(built({ dockerfile_inline: 'FROM scratch' }, 'site/page.html'), [])
  t.deepEqual(builtServices(null, directory, ['a']), [])
})
