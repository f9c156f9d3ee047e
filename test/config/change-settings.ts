// A change of settings drafted and written in this process; the agent has both done elsewhere. No test cases.
import { draftChange, type ChangeOutcome, type ChangeRequest } from '../../src/config/change.js';
import { writeDraft } from '../../src/config/draft.js';

export async function changeSettings(path: string, request: ChangeRequest): Promise<ChangeOutcome> {
  const drafted = draftChange(path, request);
  if (!drafted.ok) return drafted;
  const { draft, ...outcome } = drafted;
  const written = request.apply && draft !== null ? await writeDraft(path, draft) : null;
  return written === null || written.ok ? outcome : written;
}
