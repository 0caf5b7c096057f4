import type { Doctor } from '../doctor/doctor.ts'
import type { Finding } from '../doctor/finding.ts'
import type { Access } from './access.ts'

/** What the doctor finds on the node that answers, for callers who may change its settings. */
export const createUserDoctor = ({ access, doctor }: { access: Access; doctor: Doctor }) => ({
  /** Takes seconds. @throws FORBIDDEN */
  look(): Promise<Finding[]> {
    access.need('settings.change')
    return doctor.look()
  },
})
