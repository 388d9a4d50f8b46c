// Package policy says whether a principal may send a frame: compiled rules,
// judged as the broker's dialect reads the frame.
//
// [Parse] reads a policy file and reports every mistake in it at once. An
// [Engine] holds the policy in use, watches its file, and opens a [Guard] for
// each session, which judges the session's frames one by one. What decides, and
// why, is [Policy.Explain]'s to say; it goes through the rules one after the
// other, where a Guard walks a tree of all of them.
package policy
