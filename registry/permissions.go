package registry

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/pecete/pecete/oauth"
	"github.com/pecete/pecete/users"
)

var _ oauth.PermissionStore = (*Registry)(nil)

// userOut is whether the user u is disabled or has a factor locked: of a
// credential that is locked he has others. permissionStamp is the stamp of his
// permission of a client, which is the argument.
const (
	userOut         = `(u.disabled OR EXISTS (SELECT 1 FROM attempts t WHERE t.user_id = u.id AND t.locked AND t.factor NOT LIKE 'c!_%' ESCAPE '!'))`
	permissionStamp = `COALESCE((SELECT p.stamp FROM permissions p WHERE p.client_id = ? AND p.user_id = u.id), '')`
)

// standingQuery is asked for each access token of a user that comes.
const standingQuery = `SELECT u.stamp, ` + userOut + `, ` + permissionStamp + ` FROM users u WHERE u.id = ?`

// Standing returns what stands between a user and a client; users.ErrUnknown if
// there is no such user.
func (r *Registry) Standing(ctx context.Context, clientID, userID string) (oauth.Standing, error) {
	if !plain(clientID, userID) {
		return oauth.Standing{}, users.ErrUnknown
	}
	return lately(ctx, r.answers, question{standingQuery, clientID, userID}, func() (s oauth.Standing, err error) {
		err = r.read.row(ctx, standingQuery, []any{clientID, userID}, &s.User, &s.Out, &s.Permission)
		if errors.Is(err, sql.ErrNoRows) {
			return s, users.ErrUnknown
		}
		return s, doing("read standing", err)
	})
}

// Permit notes that a user lets a client act for him in a scope, from now on if
// he did not before. oauth.ErrUnknownClient or users.ErrUnknown if one of them
// is not there.
func (r *Registry) Permit(ctx context.Context, clientID, userID, scope string, now time.Time) error {
	if !plain(clientID, userID, scope) {
		return users.ErrUnknown
	}
	for {
		var old string
		err := r.read.row(ctx, `SELECT scopes FROM permissions WHERE client_id = ? AND user_id = ?`, []any{clientID, userID}, &old)
		if errors.Is(err, sql.ErrNoRows) {
			old, err = "", nil
		}
		if err != nil {
			return fmt.Errorf("read permission: %w", err)
		}
		permitted, err := r.permit(ctx, clientID, userID, old, scope, now)
		if err != nil || permitted {
			return err
		}
	}
}

// permit adds a scope to the list old, and reports whether that is still there.
func (r *Registry) permit(ctx context.Context, clientID, userID, old, scope string, now time.Time) (bool, error) {
	var scopes []string
	if old != "" {
		if err := decode(old, &scopes); err != nil {
			return false, err
		}
	}
	if !slices.Contains(scopes, scope) {
		scopes = append(scopes, scope)
		slices.Sort(scopes)
	}
	rows, err := r.write.count(ctx, `
		INSERT INTO permissions (client_id, user_id, stamp, scopes, since, used) VALUES (?0, ?1, '', ?2, ?3, ?3)
		ON CONFLICT (client_id, user_id) DO UPDATE SET scopes = excluded.scopes, used = excluded.used,
			since = CASE WHEN permissions.since = 0 THEN excluded.since ELSE permissions.since END
		WHERE permissions.scopes = ?4`, clientID, userID, encode(scopes), micros(now), old)
	if errors.Is(err, errForeign) { // of which SQLite does not say whose
		if _, unknown := r.Client(ctx, clientID); unknown != nil {
			return false, unknown
		}
		return false, cmp.Or(r.known(ctx, userID), err)
	}
	return rows == 1, doing("keep permission", err)
}

// Withdraw ends what a user permitted of a client: with another stamp nothing
// stands that was given until then. oauth.ErrUnknownClient or users.ErrUnknown if
// one of them is not there.
func (r *Registry) Withdraw(ctx context.Context, clientID, userID, stamp string) error {
	if !plain(clientID, userID, stamp) {
		return users.ErrUnknown
	}
	_, err := r.write.count(ctx, `
		INSERT INTO permissions (client_id, user_id, stamp, scopes, since, used) VALUES (?0, ?1, ?2, '[]', 0, 0)
		ON CONFLICT (client_id, user_id) DO UPDATE SET stamp = excluded.stamp, scopes = '[]', since = 0`,
		clientID, userID, stamp)
	if errors.Is(err, errForeign) {
		if _, unknown := r.Client(ctx, clientID); unknown != nil {
			return unknown
		}
		return cmp.Or(r.known(ctx, userID), err)
	}
	if err != nil {
		return fmt.Errorf("withdraw permission: %w", err)
	}
	_, err = r.write.count(ctx, `DELETE FROM refreshes WHERE client_id = ? AND user_id = ?`, clientID, userID)
	return doing("remove refresh tokens", err)
}

// An permissionRow is an oauth.Permission as it is asked for.
type permissionRow struct {
	ClientID string `bun:"client_id"`
	Name     string `bun:"name"`
	Scopes   string `bun:"scopes"`
	Since    int64  `bun:"since"`
	Used     int64  `bun:"used"`
	Linked   bool   `bun:"linked"`
}

// permissionsQuery has a client that only acts for the user by a link, too.
const permissionsQuery = `
SELECT c.id AS client_id, c.name, COALESCE(a.scopes, '[]') AS scopes, COALESCE(a.since, 0) AS since, l.user_id IS NOT NULL AS linked,
	CASE WHEN COALESCE(f.used, 0) > COALESCE(a.used, 0) THEN f.used ELSE COALESCE(a.used, 0) END AS used
FROM clients c
LEFT JOIN permissions a ON a.client_id = c.id AND a.user_id = ?0
LEFT JOIN links l ON l.client_id = c.id AND l.user_id = ?0
LEFT JOIN (SELECT client_id, MAX(used) AS used FROM refreshes WHERE user_id = ?0 GROUP BY client_id) f ON f.client_id = c.id
WHERE a.since > 0 OR l.user_id IS NOT NULL
ORDER BY c.name, c.id`

// Permissions returns the clients that may act for a user.
func (r *Registry) Permissions(ctx context.Context, userID string) ([]oauth.Permission, error) {
	if !plain(userID) {
		return nil, nil
	}
	var rows []permissionRow
	err := r.read.do(ctx, func(ctx context.Context, db *bun.DB) error {
		return db.NewRaw(permissionsQuery, userID).Scan(ctx, &rows)
	})
	if err != nil {
		return nil, fmt.Errorf("read permissions: %w", err)
	}
	all := make([]oauth.Permission, len(rows))
	for i, row := range rows {
		all[i] = oauth.Permission{ClientID: row.ClientID, Name: row.Name, Linked: row.Linked, Since: instant(row.Since), Used: instant(row.Used)}
		if err := decode(row.Scopes, &all[i].Scopes); err != nil {
			return nil, fmt.Errorf("read permissions: %w", err)
		}
	}
	return all, nil
}

// instant is a moment of which 0 is none.
func instant(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return moment(micros)
}
