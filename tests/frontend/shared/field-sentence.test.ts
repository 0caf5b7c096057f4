import test from 'ava'
import { fieldSentence, fieldSentences } from '../../../frontend/src/utils/shared/field-sentence.ts'

test('what the server says of a field is a whole sentence below it', (t) => {
  t.is(fieldSentence('must be a UUID. Copy it from the node'), 'This must be a UUID. Copy it from the node')
  t.is(fieldSentence('is taken'), 'This is taken')
  t.is(fieldSentence('the service "web" has no image'), 'The service "web" has no image')
  t.is(fieldSentence('Enter a name'), 'Enter a name')
  t.is(fieldSentences(['is required', 'entry 2 is empty']), 'This is required. Entry 2 is empty')
})
