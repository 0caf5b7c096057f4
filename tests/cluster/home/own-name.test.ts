import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { createOwnName } from '../../../api/cluster/home/own-name.ts'
import { dataFolder } from '../../helpers/data-folder.ts'

test('the name from the primary is kept until NODE_NAME changes', (t) => {
  const dataDir = dataFolder(t)
  const name = createOwnName({ configured: 'box', isSet: true, dataDir })
  t.is(name.current(), 'box')
  name.joinedAs('web-1')
  t.is(name.current(), 'web-1')
  t.is(createOwnName({ configured: 'box', isSet: true, dataDir }).current(), 'web-1')
  t.is(createOwnName({ configured: 'other', isSet: true, dataDir }).current(), 'other')
  t.is(
    createOwnName({ configured: 'f00ba4', isSet: false, dataDir }).current(),
    'web-1',
    'a container gets a new host name with each update',
  )
})

test('a damaged name file does not stop the start', (t) => {
  const dataDir = dataFolder(t)
  for (const text of ['', 'null', '{"name":"web-1"}', '{"asked":"box","name":""}']) {
    writeFileSync(join(dataDir, 'name.json'), text)
    t.is(createOwnName({ configured: 'box', isSet: true, dataDir }).current(), 'box', text)
  }
})
