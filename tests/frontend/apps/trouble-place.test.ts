import test from 'ava'
import { troublePlace } from '../../../frontend/src/utils/apps/trouble-place.ts'

const app = { id: 'x', changedOnDisk: false, statusReason: null, containers: [{ service: 'web' }, { service: 'db-1' }] }

test('a reason leads to the service it names', (t) => {
  t.is(troublePlace({ ...app, statusReason: 'service db-1 is unhealthy' }), '/apps/x?service=db-1')
  t.is(troublePlace({ ...app, statusReason: 'Could not start service "web": port 80 is in use' }), '/apps/x?service=web')
})

test('other reasons lead to what was last done, and a changed file to the files', (t) => {
  t.is(troublePlace({ ...app, statusReason: 'the image could not be pulled' }), '/apps/x/activity')
  t.is(troublePlace({ ...app, statusReason: 'service gone has no container' }), '/apps/x/activity')
  t.is(troublePlace({ ...app, changedOnDisk: true, statusReason: 'service web is unhealthy' }), '/apps/x/files')
})
