"""What a boto3 user does with a bucket; any surprise ends it with a traceback."""
import io
import os
import urllib.request

import boto3

endpoint = os.environ["ENDPOINT"]
client = boto3.client("s3", endpoint_url=endpoint)
bucket = boto3.resource("s3", endpoint_url=endpoint).Bucket("boto")

bucket.create()
bucket.Versioning().enable()
for i in range(5):
    bucket.put_object(Key=f"k{i} ü+", Body=b"x")
assert [o.key for o in bucket.objects.all()] == [f"k{i} ü+" for i in range(5)]

big = os.urandom(20_000_000)  # uploaded and read back in parts
client.upload_fileobj(io.BytesIO(big), "boto", "big", ExtraArgs={"Metadata": {"colour": "blue"}, "ChecksumAlgorithm": "SHA256"})
back = io.BytesIO()
client.download_fileobj("boto", "big", back)
assert back.getvalue() == big
assert client.head_object(Bucket="boto", Key="big")["Metadata"] == {"colour": "blue"}

# Signed in the old way, which is boto3's default at an endpoint of one's own.
url = client.generate_presigned_url("put_object", Params={"Bucket": "boto", "Key": "p", "ContentType": "text/plain", "Metadata": {"a": "1"}})
assert "AWSAccessKeyId=" in url
headers = {"Content-Type": "text/plain", "x-amz-meta-a": "1"}
urllib.request.urlopen(urllib.request.Request(url, data=b"hello", method="PUT", headers=headers))
assert client.get_object(Bucket="boto", Key="p")["Body"].read() == b"hello"
headers["x-amz-meta-a"] = "2"
try:
    urllib.request.urlopen(urllib.request.Request(url, data=b"hello", method="PUT", headers=headers))
    raise AssertionError("a header that was signed could be changed")
except urllib.error.HTTPError as e:
    assert e.code == 403, e.code

bucket.object_versions.delete()
bucket.delete()
