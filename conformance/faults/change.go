package faults

import "net/http"

// createFaults are faults of credentials/create.
var createFaults = []Fault{
	{Case: "create/one", Says: "makes nothing", Answer: madeWith(http.StatusBadRequest, failure("invalid_request"))},
	{Case: "create/one", Says: "does not name it", Answer: madeWith(http.StatusCreated, object{})},
	{Case: "create/service-token", Says: "takes any token", Answer: forgives(to(methodCreate))},
	{Case: "create/credential-token", Says: "takes any token", Answer: forgives(to(methodCreate))},
	{Case: "create/not-to-sign", Says: "signs with it", Answer: forgives(to(methodSignHash))},
	{Case: "create/listed", Says: "forgets it", Answer: puts(methodList, "credentialIDs", []string{})},
	{Case: "create/described", Says: "does not describe it", Answer: madeWith(http.StatusCreated, object{"credentialID": "c_1"})},
	{Case: "create/not-described", Says: "describes it always", Answer: madeWith(http.StatusCreated, object{"credentialID": "c_1", "key": object{}, "cert": object{}})},
	{Case: "create/certificates", Says: "tells none", Answer: madeWith(http.StatusCreated, object{"credentialID": "c_1", "cert": object{"certificates": []string{}}})},
	{Case: "create/policy-unknown", Says: "has any policy", Answer: forgives(to(methodCreate))},
	{Case: "create/once", Says: "makes another each time", afresh: another},
	{Case: "create/malformed-header", Says: "takes it for a bad token", Answer: misstates(to(methodCreate, authorization("Foo abc")), 401, "invalid_token")},
}

// madeWith answers with something else where a credential was made.
func madeWith(status int, body object) answer {
	return func(c *Call, r *Reply) {
		if c.Method == methodCreate && r.Status == http.StatusCreated {
			r.put(status, body)
		}
	}
}

// another names each credential otherwise.
func another() answer {
	n := 0
	return func(c *Call, r *Reply) {
		if c.Method == methodCreate && r.Status == http.StatusCreated {
			n++
			r.put(r.Status, object{"credentialID": []string{"c_1", "c_2", "c_3"}[n%3]})
		}
	}
}

// deleteFaults are faults of credentials/delete.
var deleteFaults = []Fault{
	{Case: "delete/one", Says: "says 200", Answer: deletes(http.StatusNoContent, http.StatusOK)},
	{Case: "delete/gone", Says: "keeps it", Answer: forgives(to(methodCredentialInfo))},
	{Case: "delete/service-token", Says: "takes any token", Answer: deletes(http.StatusForbidden, http.StatusNoContent)},
	{Case: "delete/another", Says: "deletes anything", Answer: deletes(http.StatusBadRequest, http.StatusNoContent)},
	{Case: "delete/no-reason", Says: "needs none", Answer: deletes(http.StatusBadRequest, http.StatusNoContent)},
	{Case: "delete/reason-unused", Says: "takes any number", Answer: deletes(http.StatusBadRequest, http.StatusNoContent)},
	{Case: "delete/reason-beyond", Says: "takes any number", Answer: deletes(http.StatusBadRequest, http.StatusNoContent)},
	{Case: "delete/id-missing", Says: "deletes nothing in particular", Answer: deletes(http.StatusBadRequest, http.StatusNoContent)},
}

// deletes answers with another status.
func deletes(instead, status int) answer {
	return func(c *Call, r *Reply) {
		if c.Method == methodDelete && r.Status == instead {
			r.Status, r.Body = status, nil
		}
	}
}
