/** What was asked for cannot be issued. The message says which part of it, and why. */
export class IssueError extends Error {
  override readonly name = 'IssueError';
}
