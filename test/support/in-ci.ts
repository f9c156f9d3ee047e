// Which tests are left to CI. docs/TESTING.md lists them, and what holds the same every day. No tests in here.

/** For a test with real processes that repeats what others hold every day: the reason to skip it. */
export const IN_CI: string | false =
  process.env['CI'] === 'true' ? false : 'played in CI: others hold the same every day';
