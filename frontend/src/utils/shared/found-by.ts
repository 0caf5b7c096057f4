export { isFoundBy } from '../../../../api/user/found-by.ts'
