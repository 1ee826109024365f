package main

// policyCmd groups the commands on the rules that decide.
type policyCmd struct {
	Explain policyExplainCmd `cmd:"" help:"Say why a decision is what it is, what would lift it, and where to object."`
}
