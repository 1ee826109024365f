package main

import (
	"errors"
	"fmt"
	"io/fs"

	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
)

type consistencyCmd struct {
	trust
	remote
	Old string `arg:"" help:"${h_old}"`
	New string `arg:"" help:"${h_new}"`
	Log string `required:"" placeholder:"DIR|URL" help:"${h_log}"`
}

func (*consistencyCmd) helpKey() string { return "help_consistency" }

// grown is the JSON form of two checkpoints that are consistent.
type grown struct {
	verdict
	Origin   string   `json:"origin"`
	From     int64    `json:"from"`
	To       int64    `json:"to"`
	SignedBy []string `json:"signed_by"` // the newer one
	Suites   []string `json:"suites"`
}

func (c *consistencyCmd) run(p printer) int {
	keys, err := c.keys()
	if err != nil {
		return p.unchecked("", err)
	}
	source, err := c.open(p.c.context(), c.Log, p.c.env)
	if err != nil {
		return p.unchecked("", err)
	}
	older, status := c.checkpoint(p, keys, c.Old)
	if status != exitSound {
		return status
	}
	newer, status := c.checkpoint(p, keys, c.New)
	if status != exitSound {
		return status
	}
	err = receipt.CheckConsistency(older.Checkpoint, newer.Checkpoint, source)
	if errors.Is(err, receipt.ErrUnproven) {
		err = third(keys, older.Checkpoint, newer.Checkpoint, source, err)
	}
	if err != nil {
		kind, known := alarmOf(err)
		if !known || errors.Is(err, errNoAnswer) {
			return p.unchecked("", err)
		}
		return p.contradiction(kind, err)
	}
	if p.json {
		p.printJSON(grown{
			verdict: verdict{Verdict: "sound"}, Origin: newer.Origin, From: older.Size, To: newer.Size,
			SignedBy: newer.SignedBy(), Suites: suitesOf(keys, newer.SignedBy()),
		})
	} else {
		p.line("consistent", visible(newer.Origin), newer.Size, older.Size, signedBy(keys, newer.SignedBy()))
	}
	return exitSound
}

// third asks the log's own checkpoint, where the tiles do not lead to newer: when
// they lead from it to something else than one of the two, that is a fork.
func third(keys *signing.Verifiers, older, newer tiles.Checkpoint, source receipt.Source, unproven error) error {
	signed, err := source.Read(tiles.CheckpointPath)
	if err != nil {
		return unproven
	}
	own, err := tiles.Open(signed, keys)
	if err != nil {
		return unproven
	}
	for _, c := range []tiles.Checkpoint{newer, older} {
		if err := receipt.CheckConsistency(c, own.Checkpoint, source); errors.Is(err, receipt.ErrFork) {
			return err
		}
	}
	return unproven
}

// checkpoint reads and opens one of the two.
func (c *consistencyCmd) checkpoint(p printer, keys *signing.Verifiers, file string) (tiles.Opened, int) {
	signed, err := readUpTo(file, maxFile)
	if err != nil {
		return tiles.Opened{}, p.unchecked(file, err)
	}
	o, err := tiles.Open(signed, keys)
	if err != nil {
		return tiles.Opened{}, p.refuted(file, err)
	}
	return o, exitSound
}

// alarmOf names what is wrong with a log by the error that says so; known is
// false for errors that say nothing of the log.
func alarmOf(err error) (kind string, known bool) {
	for _, a := range []struct {
		is   error
		kind string
	}{
		{receipt.ErrFork, "fork"}, {receipt.ErrRollback, "rollback"}, {receipt.ErrUnproven, "unproven"}, {receipt.ErrOtherLog, "other_log"},
		{tiles.ErrSignature, "wrong_key"}, {tiles.ErrCheckpoint, "malformed"},
		{fs.ErrNotExist, "unproven"}, // a tile that the checkpoint says is there
	} {
		if errors.Is(err, a.is) {
			return a.kind, true
		}
	}
	return "", false
}

// contradiction says in what way two checkpoints contradict each other.
func (p printer) contradiction(kind string, err error) int {
	if p.json {
		p.printJSON(contradicted{verdict{Verdict: "tampered", Error: err.Error()}, kind})
	} else {
		fmt.Fprintf(p.c.out, "%s %s\n   %s\n", p.words["contradiction"], p.words["a_"+kind], visible(err.Error()))
	}
	return exitTampered
}

var consistencyWords = map[string]map[string]string{
	"en": {
		"h_consistency": "Check that of two checkpoints you kept the newer continues the older: nothing was changed or taken out between them.",
		"h_old":         "The older checkpoint.",
		"h_new":         "The newer checkpoint.",
		"h_log":         "Where the tiles are: a folder of the log, or a gateway such as https://gateway.example/v1/audit. They need not be trusted.",
		"consistent":    "SOUND     %s: the log of %d entries begins with the %d entries of the older checkpoint; signed by %s",
		"contradiction": "TAMPERED ",
		"a_fork":        "FORK: the same log was signed with two histories.",
		"a_rollback":    "ROLLBACK: the log has fewer entries than it had.",
		"a_unproven":    "UNPROVEN: the tiles do not lead to what was signed.",
		"a_other_log":   "ANOTHER LOG: the checkpoint is of another log.",
		"a_wrong_key":   "WRONG KEY: the checkpoint is not signed as demanded.",
		"a_malformed":   "MALFORMED: what stands in the checkpoint's place is none.",
		"help_consistency": "Keep every checkpoint you are given, with its date. Two of them and the tiles prove that the institution only added to its log:\n\n" +
			"  curl -H \"Authorization: Bearer $TOKEN\" https://gateway.example/v1/audit/checkpoint > 2026-12-01.checkpoint\n" +
			"  realname-audit consistency --key log.pub 2026-11-01.checkpoint 2026-12-01.checkpoint --log https://gateway.example/v1/audit\n" +
			"  realname-audit consistency --key log.pub --require ed25519,sm2 old new --log ./log\n\n" +
			"Exit status 1 names a fork or a rollback. Keep both files then: together they are the proof.",
	},
	"zh-CN": {
		"h_consistency": "核验您留存的两个检查点：新的是旧的之延续，其间没有内容被改动或删除。",
		"h_old":         "较旧的检查点。",
		"h_new":         "较新的检查点。",
		"h_log":         "哈希块所在：日志目录，或网关地址如 https://gateway.example/v1/audit。无需信任。",
		"consistent":    "完好      %s：%d 条记录的日志以较旧检查点的 %d 条记录为开头；签名 %s",
		"contradiction": "被篡改   ",
		"a_fork":        "分叉：同一日志签署了两种历史。",
		"a_rollback":    "回滚：日志的记录比以前少。",
		"a_unproven":    "无法证明：哈希块与所签内容不符。",
		"a_other_log":   "他日志：检查点属于另一日志。",
		"a_wrong_key":   "签名不符：检查点未按要求签名。",
		"a_malformed":   "格式不符：检查点处的内容不是检查点。",
		"help_consistency": "请留存每次取得的检查点并注明日期。两个检查点加哈希块即可证明机构只是追加了日志：\n\n" +
			"  curl -H \"Authorization: Bearer $TOKEN\" https://gateway.example/v1/audit/checkpoint > 2026-12-01.checkpoint\n" +
			"  realname-audit consistency --key log.pub 2026-11-01.checkpoint 2026-12-01.checkpoint --log https://gateway.example/v1/audit\n" +
			"  realname-audit consistency --key log.pub --require ed25519,sm2 old new --log ./log\n\n" +
			"退出码 1 指明分叉或回滚。此时请保存两个文件：二者合在一起即为证据。",
	},
}
