package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"realname/compliance"
	"realname/internal/app"
)

// vaultCmd groups the commands on the vault's master keys.
type vaultCmd struct {
	List    vaultListCmd    `cmd:"" help:"List the master keys, and what depends on each."`
	Rotate  vaultRotateCmd  `cmd:"" help:"Add a master key, under which data keys are wrapped from an instant on."`
	Rewrap  vaultRewrapCmd  `cmd:"" help:"Bring everything under the newest master key, while gateways serve."`
	Destroy vaultDestroyCmd `cmd:"" help:"Destroy a master key that nothing depends on."`
	Erase   vaultEraseCmd   `cmd:"" help:"Erase what a tenant has of a person, where the law lets it go."`
}

// vaultOutput is how these commands answer.
type vaultOutput struct{ policyOutput }

func (o vaultOutput) word(key string) string { return vaultWords[key].In(o.language()) }

type vaultListCmd struct {
	vaultOutput
	configFlag
}

// Help says what the columns mean.
func (*vaultListCmd) Help() string {
	return `    $ realname vault list --config realname.yaml

data keys      wrapped under the version; "realname vault rewrap" brings them under the newest
document keys  made under it; in brackets those whose document has none under the newest version
images         entries of the index of images that were seen before
windows        units in sliding windows over networks that are kept under no later version

A version can be destroyed once nothing depends on it (realname vault destroy --help).`
}

// Run lists.
func (c *vaultListCmd) Run(ctx context.Context, k *kong.Context) error {
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		keys, err := o.VaultKeys(ctx)
		if err != nil {
			return err
		}
		return c.write(newConsole(k), keys, func(out *strings.Builder) {
			rows := [][]string{{
				c.word("version"), c.word("suite"), c.word("fingerprint"), c.word("from"), c.word("data_keys"), c.word("document_keys"),
				c.word("images"), c.word("windows"), c.word("state"),
			}}
			for _, key := range keys {
				rows = append(rows, []string{
					strconv.Itoa(key.Version), key.Suite, key.Fingerprint, key.From.Format(time.RFC3339), strconv.Itoa(key.DataKeys),
					fmt.Sprintf("%d (%d)", key.DocumentKeys, key.OnlyHere), strconv.Itoa(key.Images), strconv.Itoa(key.Windows), c.state(&key),
				})
			}
			writeColumns(out, rows, make([]string, len(rows)))
		})
	})
}

func (c *vaultListCmd) state(k *app.VaultKey) string {
	switch {
	case k.DestroyedAt != nil && k.DocumentsKept:
		return c.word("destroyed_but")
	case k.DestroyedAt != nil:
		return c.word("destroyed")
	case k.Newest:
		return c.word("newest")
	case k.RotatedAt == nil:
		return c.word("coming")
	}
	return c.word("older")
}

type vaultRotateCmd struct {
	vaultOutput
	configFlag
	Suite string `help:"Algorithms of the new key: international (HMAC-SHA-256, AES-256-GCM) or national (HMAC-SM3, SM4-GCM); default: vault.suite of the configuration." enum:"international,national,configured" default:"configured"`
	From  string `help:"When data keys begin to be wrapped under it: +1m, 2026-12-02T00:00:00+08:00, or a day (its beginning in China)." default:"+1m" placeholder:"INSTANT"`
}

// Help says how to rotate without a stop.
func (*vaultRotateCmd) Help() string {
	return `    $ realname vault rotate --config realname.yaml
    $ realname vault rotate --config realname.yaml --suite national --from +1h

Writes a new version into the key file, whole or not at all, and into the ledger with an event. A
running gateway reads the file again within seconds; what older versions sealed stays readable, and
persons keep their ids. Back the key file up before the instant: what is sealed after it opens
with no older copy.

Several gateways have a key file each: take --from late enough, and copy the file to all of them
before. One that lacks a version says so in /readyz, and cannot open what others sealed under it.

Afterwards: realname vault rewrap, and once backups need the old version no more, realname vault destroy.`
}

// Run adds a version.
func (c *vaultRotateCmd) Run(ctx context.Context, k *kong.Context) error {
	t := newConsole(k)
	from, err := instantOf(c.From, t.now())
	if err != nil {
		return err
	}
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		if notice := o.VaultNotice(); from.Before(t.now().Add(notice)) {
			return failure(fmt.Sprintf(c.word("notice"), notice))
		}
		suite := app.VaultSuite(c.Suite)
		if c.Suite == "configured" {
			suite = o.VaultSuite()
		}
		key, err := o.RotateVault(ctx, suite, from)
		if err != nil {
			return err
		}
		return c.write(t, key, func(out *strings.Builder) {
			fmt.Fprintf(out, c.word("rotated"), key.Version, key.Suite, key.Fingerprint, key.From.Format(time.RFC3339))
		})
	})
}

type vaultRewrapCmd struct {
	vaultOutput
	configFlag
}

// Help says what is done, and what cannot be.
func (*vaultRewrapCmd) Help() string {
	return `    $ realname vault rewrap --config realname.yaml

Wraps every data key anew under the newest master key, and brings the document keys of persons under
it: for that the sealed requests are opened, one page after another, and nothing of them is shown.
Gateways serve meanwhile. Cut short, the next run goes on. What is in the log stays as it is: the
commitments of old decisions are of the suite that they were made in, and stay verifiable.

unreached are documents that no sealed request names, as of loaded stock. They come under the new key
when their persons are met again: at a request, or in a file of "realname stock reconcile". Until then
the old version stays needed, but for "realname vault destroy --keep-document-keys".`
}

// Run rewraps.
func (c *vaultRewrapCmd) Run(ctx context.Context, k *kong.Context) error {
	t := newConsole(k)
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		tell, finish := t.counter(c.word("done"))
		r, err := o.RewrapVault(ctx, slog.New(slog.NewTextHandler(t.notes, nil)), tell)
		finish()
		if err != nil {
			if ctx.Err() != nil {
				return failure(c.word("cut"))
			}
			return err
		}
		if err := c.write(t, r, func(out *strings.Builder) {
			fmt.Fprintf(out, c.word("rewrapped"), r.Version, r.DataKeys, r.DocumentKeys)
			if r.Unreached > 0 {
				fmt.Fprintf(out, c.word("unreached"), r.Unreached)
			}
		}); err != nil {
			return err
		}
		if r.Unopened > 0 {
			return failure(fmt.Sprintf(c.word("unopened"), r.Unopened))
		}
		return nil
	})
}

type vaultDestroyCmd struct {
	vaultOutput
	configFlag
	Version          int  `arg:"" help:"Version, as realname vault list shows it."`
	KeepDocumentKeys bool `help:"Keep what makes document keys of it: persons whom it alone leads to are still found, and what it sealed or wrapped never opens again."`
	ForgetImages     bool `help:"Let the entries of the index of images under it go with it."`
	Yes              bool `help:"Do it; without this the command only says what would be done."`
}

// Help says what is lost.
func (*vaultDestroyCmd) Help() string {
	return `    $ realname vault destroy 1 --config realname.yaml          # says whether it could be
    $ realname vault destroy 1 --config realname.yaml --yes

Refused while anything depends on the version, and told how much: data keys (realname vault rewrap
moves them), document keys that no newer version has (--keep-document-keys), entries of the index of
images, which age out by reuse.age (--forget-images). Windows over networks are kept under every
version, so that they go on; they stand in the way only for as long as they hold units from before the
version that takes over. Windows over clerks, outlets and devices do not depend on master keys.

What goes: backups of the ledger whose data keys are wrapped under the version, which completes the
erasures since; and the comparison of repeated requests from its time, whose idempotency keys are then
answered idempotency_key_reused. The copies of the key file in backups are yours to destroy.

Exit status: 0 destroyed, or could be; 1 not.`
}

// Run destroys.
func (c *vaultDestroyCmd) Run(ctx context.Context, k *kong.Context) error {
	t := newConsole(k)
	return operate(ctx, c.configFlag, func(o *app.Operator) error {
		err := o.DestroyVaultKey(ctx, c.Version, app.DestroyOptions{KeepDocuments: c.KeepDocumentKeys, ForgetImages: c.ForgetImages, DryRun: !c.Yes})
		if used, ok := errors.AsType[*app.VaultInUse](err); ok {
			u := used.Use
			return failure(fmt.Sprintf(c.word("in_use"), used.Version, u.DataKeys, u.OnlyHere, u.Images, u.Windows))
		}
		if err != nil {
			return err
		}
		said := "gone"
		if !c.Yes {
			said = "would"
		}
		return c.write(t, map[string]any{"version": c.Version, "destroyed": c.Yes}, func(out *strings.Builder) { fmt.Fprintf(out, c.word(said), c.Version) })
	})
}

var vaultWords = map[string]compliance.Text{
	"version":       {ZH: "版本", EN: "version"},
	"suite":         {ZH: "算法套件", EN: "suite"},
	"fingerprint":   {ZH: "指纹", EN: "fingerprint"},
	"from":          {ZH: "启用时间", EN: "used from"},
	"data_keys":     {ZH: "数据密钥", EN: "data keys"},
	"document_keys": {ZH: "证件密钥", EN: "document keys"},
	"images":        {ZH: "图像索引", EN: "images"},
	"windows":       {ZH: "频次窗口", EN: "windows"},
	"state":         {ZH: "状态", EN: "state"},
	"newest":        {ZH: "正在使用", EN: "in use"},
	"coming":        {ZH: "尚未启用", EN: "to come"},
	"older":         {ZH: "只读", EN: "older"},
	"destroyed":     {ZH: "已销毁", EN: "destroyed"},
	"destroyed_but": {ZH: "已销毁，仅留证件密钥", EN: "destroyed but for document keys"},

	"rotated": {ZH: "主密钥版本 %d（%s，指纹 %s）自 %s 起使用；请立即备份密钥文件\n", EN: "master key version %d (%s, fingerprint %s) is used from %s; back the key file up now\n"},
	"notice":  {ZH: "启用时间至少在 %s 之后，使运行中的网关先读到新密钥", EN: "the instant must be %s from now or later, so that running gateways have the key by then"},
	"done":    {ZH: "项密钥", EN: "keys"},
	"cut":     {ZH: "中断；同一命令会接着做", EN: "interrupted; the same command goes on"},
	"rewrapped": {
		ZH: "版本 %d：重新封装数据密钥 %d 个，补充证件密钥 %d 个\n", EN: "version %d: %d data keys wrapped anew, %d document keys brought\n",
	},
	"unreached": {ZH: "%d 个证件没有密封的请求可查，须待本人再次出现\n", EN: "%d documents are named by no sealed request; they come when their persons are met again\n"},
	"unopened":  {ZH: "%d 份密封的请求无法打开", EN: "%d sealed requests do not open"},
	"in_use": {
		ZH: "主密钥版本 %d 仍被使用：数据密钥 %d 个，仅由它指向的证件密钥 %d 个，图像索引 %d 条，频次窗口 %d 次",
		EN: "master key version %d is in use: %d data keys, %d document keys that no newer version has, %d entries of the index of images, %d units of windows",
	},
	"not_before":    {ZH: "  法定保存至 %s", EN: "  kept for the law until %s"},
	"complete_with": {ZH: "  备份中的副本随主密钥版本 %d 销毁而失效", EN: "  complete in backups once master key version %d is destroyed"},
	"nothing":       {ZH: "没有可删除的个人信息\n", EN: "nothing is left to erase\n"},
	"unwritten":     {ZH: "未执行；加上 --yes 执行\n", EN: "nothing was written; --yes does it\n"},

	"would": {ZH: "主密钥版本 %d 可以销毁；加上 --yes 执行\n", EN: "master key version %d can be destroyed; --yes does it\n"},
	"gone":  {ZH: "主密钥版本 %d 已销毁；备份中的密钥文件请自行销毁\n", EN: "master key version %d is destroyed; its copies in backups are yours to destroy\n"},
}
